import time,json
from harness.page import *
from harness.browser import *
def test_dbg(server, participant, impaired):
    network = impaired(server, "--up-video-delay-ms", "300")
    a=participant(address(server, "sync", "Ada"), proxy_port=network.port); wait_connected(a)
    time.sleep(6)
    v=participant(address(server, "sync", "Bob", camera=0, microphone=0))
    t=time.monotonic()
    for i in range(20):
        time.sleep(0.4)
        s=v.page.evaluate("""async()=>{const o=[Date.now()];for(const c of testConnections)(await c.getStats()).forEach(r=>{if(r.type=='inbound-rtp'&&r.packetsReceived)o.push([r.kind,r.timestamp,(r.estimatedPlayoutTimestamp-2208988800000-r.timestamp)|0,r.jitterBufferDelay/r.jitterBufferEmittedCount,r.jitterBufferTargetDelay/r.jitterBufferEmittedCount,r.framesDecoded,r.concealedSamples,r.totalSamplesReceived,r.packetsReceived,r.removedSamplesForAcceleration,r.insertedSamplesForDeceleration]);if(r.type=='remote-outbound-rtp')o.push(['SR',r.kind,r.reportsSent,r.packetsSent,r.remoteTimestamp-r.timestamp])});return o}""")
        print(round(time.monotonic()-t,1), s[1:])
