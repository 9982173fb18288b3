// The page that Prometheus scrapes.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker

extension RoomHub {
    /// Everything that is counted, as the text of `/metrics`.
    nonisolated func metricsText() async -> String {
        let rooms = await counts()
        let server = metrics.snapshot()
        let media = statistics.total()
        var page = PrometheusText()
        page.append("rooms", .gauge, "Rooms open now.", rooms.rooms)
        page.append(
            "participants", .gauge, "Sessions in rooms now, players included.", rooms.members)
        page.append("tracks", .gauge, "Tracks published now.", rooms.tracks)
        page.append("peers", .gauge, "Peers the media loops hold now.", media.peers)
        page.append(
            "packets_total", .counter, "Datagrams of the media port.", label: "direction",
            [("in", media.packetsReceived), ("out", media.packetsSent)])
        page.append(
            "bytes_total", .counter, "Bytes of those datagrams.", label: "direction",
            [("in", media.bytesReceived), ("out", media.bytesSent)])
        page.append(
            "nack_total", .counter, "Sequence numbers asked for again.", label: "direction",
            [("in", media.nacksReceived), ("out", media.nacksSent)])
        page.append(
            "pli_total", .counter, "Keyframe requests.", label: "direction",
            [("in", media.keyframeRequestsReceived), ("out", media.keyframeRequestsSent)])
        page.append(
            "retransmissions_total", .counter, "Packets repeated to receivers.",
            media.retransmissionsSent)
        page.append(
            "times_echoed_total", .counter, "Times of receivers echoed for their round trip.",
            media.timesEchoed)
        page.append("probes_total", .counter, "Probes of paths to receivers.", media.probesSent)
        page.append(
            "relayed_total", .counter, "Packets and requests handed from loop to loop.",
            media.messagesRelayed)
        page.append(
            "padding_packets_total", .counter, "Packets of padding sent for probes.",
            media.paddingSent)
        page.append(
            "estimated_bits_per_second", .gauge, "Sum of what receivers' paths carry.",
            media.estimatedBitsPerSecond)
        page.append(
            "drops_total", .counter, "Datagrams dropped by the media loops.", label: "reason",
            media.drops.map { ($0.reason, $0.count) })
        page.append("websockets", .gauge, "Signalling sockets open now.", server.webSocketsOpen)
        page.append(
            "websockets_total", .counter, "Signalling sockets opened.", server.webSocketsOpened)
        page.append(
            "links_lost_total", .counter, "Signalling links that missed three pings.",
            server.linksLost)
        page.append(
            "resumes_total", .counter, "Sessions that went on over another socket.",
            server.sessionsResumed)
        page.append(
            "quality_reports_dropped_total", .counter,
            "Reports of clients' network quality that came too often.",
            server.qualityReportsDropped)
        page.append(
            "slow_readers_total", .counter, "Signalling sockets cut off for not reading.",
            server.slowReadersDropped)
        page.append(
            "idle_connections_dropped_total", .counter,
            "Connections closed before they asked for anything because too many did not.",
            server.idleConnectionsDropped)
        page.append(
            "messages_total", .counter, "Messages received from clients.", server.messagesReceived)
        page.append(
            "messages_encoded_total", .counter,
            "Messages of rooms encoded for clients; one to many counts once.",
            server.messagesEncoded)
        page.append("sessions", .gauge, "Sessions that can be found by handle now.", sessions.count)
        page.append(
            "http_responses_total", .counter, "HTTP answers by class of status.", label: "class",
            zip(["1xx", "2xx", "3xx", "4xx", "5xx"], server.responses).map { ($0, $1) })
        page.append(
            "refusals_total", .counter, "Refusals sent to clients by error code.", label: "code",
            server.refusals.map { (String($0.code), $0.count) })
        return page.text
    }
}
