"""TLS before a server of plain HTTP, as a proxy has it."""

import asyncio
import contextlib
import ssl
import subprocess
import threading


def certificate(folder, host):
    """A certificate of its own for an IP address: (certificate, key)."""
    files = str(folder / "certificate.pem"), str(folder / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{host}"),
            *("-out", files[0], "-keyout", files[1]),
        ],
        check=True,
        capture_output=True,
    )
    return files


async def _copy(reader, writer):
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def terminated(folder, host, port):
    """Gives (port, certificate): TLS at the one, whose other side is the server's port."""
    files = certificate(folder, host)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    loop = asyncio.new_event_loop()

    async def accept(reader, writer):
        onward = await asyncio.open_connection(host, port)
        await asyncio.gather(_copy(reader, onward[1]), _copy(onward[0], writer))

    server = loop.run_until_complete(asyncio.start_server(accept, host, 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], files[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.close()
