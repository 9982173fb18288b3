"""TLS before a server of plain HTTP, as a proxy has it."""

import asyncio
import contextlib
import queue
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
    listening = queue.Queue()
    ends = threading.Event()

    async def accept(reader, writer):
        onward = await asyncio.open_connection(host, port)
        await asyncio.gather(_copy(reader, onward[1]), _copy(onward[0], writer))

    async def serve():
        async with await asyncio.start_server(accept, host, 0, ssl=context) as server:
            listening.put(server.sockets[0].getsockname()[1])
            while not ends.is_set():
                await asyncio.sleep(0.05)
            # Connections that are still open.
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

    # On a thread of its own: that of the tests has the loop of the browsers.
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield listening.get(timeout=5), files[0]
    finally:
        ends.set()
        thread.join()
