// The relay's and the meetings' figures as metric families. Labels are workers, reasons and states: nothing that grows
// with people.

public import MediaRelay

extension MetricFamily {
    public static func relay(_ statistics: RelayStatistics) -> [MetricFamily] {
        let workers = statistics.workers
        func perWorker(
            _ name: String, _ kind: Kind, _ help: String, _ value: (WorkerStatistics) -> MetricValue
        ) -> MetricFamily {
            var family = MetricFamily(name, kind, help)
            for worker in workers { family.add(value(worker), worker.label) }
            return family
        }
        return [
            perWorker("hutong_packets_received_total", .counter, "Datagrams received.") { .integer($0.packetsIn) },
            perWorker("hutong_received_bytes_total", .counter, "Bytes of datagrams received.") { .integer($0.bytesIn) },
            perWorker("hutong_packets_sent_total", .counter, "Datagrams sent.") { .integer($0.packetsOut) },
            perWorker("hutong_sent_bytes_total", .counter, "Bytes of datagrams sent.") { .integer($0.bytesOut) },
            perWorker(
                "hutong_forwards_total", .counter, "Media packets queued to subscribers, retransmissions excluded."
            ) {
                .integer($0.forwards)
            },
            perWorker("hutong_handed_packets_total", .counter, "Media packets handed to other workers.") {
                .integer($0.packetsHandedOut)
            },
            perWorker("hutong_taken_packets_total", .counter, "Media packets taken from other workers.") {
                .integer($0.packetsHandedIn)
            },
            perWorker("hutong_retransmissions_total", .counter, "Packets sent again on request.") {
                .integer($0.retransmissions)
            },
            perWorker(
                "hutong_retransmissions_missed_total", .counter, "Packets asked for again and not kept, or over budget."
            ) {
                .integer($0.retransmissionsMissed)
            },
            perWorker("hutong_upstream_lost_packets_total", .counter, "Gaps seen in what publishers sent.") {
                .integer($0.packetsLost)
            },
            perWorker("hutong_upstream_recovered_packets_total", .counter, "Gaps that were filled later.") {
                .integer($0.packetsRecovered)
            },
            perWorker(
                "hutong_srtp_failures_total", .counter, "Packets refused by SRTP authentication or replay protection."
            ) {
                .integer($0.srtpFailures)
            },
            perWorker("hutong_refused_stun_total", .counter, "STUN datagrams that were malformed or not authentic.") {
                .integer($0.refusedStun)
            },
            perWorker("hutong_refused_commands_total", .counter, "Commands on stale names or beyond a limit.") {
                .integer($0.refusedCommands)
            },
            perWorker("hutong_publications", .gauge, "Tracks published.") { MetricValue($0.publications) },
            perWorker("hutong_streams", .gauge, "Incoming encodings, mirrors' included.") { MetricValue($0.streams) },
            perWorker("hutong_subscriptions", .gauge, "Tracks sent to somebody.") { MetricValue($0.subscriptions) },
            perWorker("hutong_mirrors", .gauge, "Tracks of other workers that are sent to somebody.") {
                MetricValue($0.mirrors)
            },
            perWorker("hutong_pool_packets", .gauge, "Packet buffers in use.") { MetricValue($0.packetsInUse) },
            perWorker("hutong_core_allocated_bytes", .gauge, "Bytes held by the packet core's objects.") {
                .integer($0.allocatedBytes)
            },
        ] + relayLabelled(workers) + relayFeedback(workers) + relayData(workers) + relayLoop(workers)
            + relayTCP(workers)
    }

    private static func relayLabelled(_ workers: [WorkerStatistics]) -> [MetricFamily] {
        var protocols = MetricFamily("hutong_control_packets_received_total", .counter, "Datagrams by protocol.")
        var drops = MetricFamily("hutong_drops_total", .counter, "Packets that went no further, by reason.")
        var transports = MetricFamily("hutong_transports", .gauge, "Client connections, by state.")
        var failures = MetricFamily("hutong_transport_failures_total", .counter, "Connections that failed, by reason.")
        var profiles = MetricFamily("hutong_srtp_profiles", .gauge, "Connections, by SRTP protection profile.")
        var cipher = MetricFamily("hutong_srtp_cipher_info", .gauge, "Always 1; what encrypts AES-GCM is a label.")
        for worker in workers {
            cipher.add(1, worker.label, MetricLabel("cipher", worker.srtpCipher))
            protocols.add(.integer(worker.stunIn), worker.label, MetricLabel("protocol", "stun"))
            protocols.add(.integer(worker.dtlsIn), worker.label, MetricLabel("protocol", "dtls"))
            protocols.add(.integer(worker.rtcpIn), worker.label, MetricLabel("protocol", "rtcp"))
            for drop in worker.drops {
                drops.add(.integer(drop.count), worker.label, MetricLabel("reason", drop.reason))
            }
            for stage in TransportStage.allCases {
                let count = worker.transports[stage] ?? 0
                transports.add(MetricValue(count), worker.label, MetricLabel("state", stage.rawValue))
            }
            for reason in TransportFailure.allCases {
                let count = worker.transportFailures[reason] ?? 0
                failures.add(.integer(count), worker.label, MetricLabel("reason", reason.rawValue))
            }
            for profile in SRTPProfile.allCases {
                let count = worker.srtpProfiles[profile] ?? 0
                profiles.add(MetricValue(count), worker.label, MetricLabel("profile", profile.rawValue))
            }
        }
        return [protocols, drops, transports, failures, profiles, cipher]
    }

    /// One counter for each direction.
    private static func directed(
        _ workers: [WorkerStatistics], _ name: String, _ help: String, _ received: KeyPath<WorkerStatistics, UInt64>,
        _ sent: KeyPath<WorkerStatistics, UInt64>
    ) -> MetricFamily {
        var family = MetricFamily(name, .counter, help)
        for worker in workers {
            family.add(.integer(worker[keyPath: received]), worker.label, MetricLabel("direction", "received"))
            family.add(.integer(worker[keyPath: sent]), worker.label, MetricLabel("direction", "sent"))
        }
        return family
    }

    private static func relayFeedback(_ workers: [WorkerStatistics]) -> [MetricFamily] {
        var malformed = MetricFamily(
            "hutong_malformed_rtcp_total", .counter, "Compound RTCP packets with a broken part.")
        for worker in workers { malformed.add(.integer(worker.feedback.malformedIn), worker.label) }
        return [
            directed(
                workers, "hutong_nacks_total", "Packets reported missing (RFC 4585).", \.feedback.nacksIn,
                \.feedback.nacksOut),
            directed(
                workers, "hutong_plis_total", "Keyframe requests: PLI and FIR.", \.feedback.keyframeRequestsIn,
                \.feedback.keyframeRequestsOut),
            directed(
                workers, "hutong_rtcp_reports_total", "Sender and receiver reports.", \.feedback.reportsIn,
                \.feedback.reportsOut),
            directed(
                workers, "hutong_transport_feedback_total", "Transport-wide congestion feedback.",
                \.feedback.transportFeedbackIn, \.feedback.transportFeedbackOut),
            malformed,
        ]
    }

    private static func relayData(_ workers: [WorkerStatistics]) -> [MetricFamily] {
        var losses = MetricFamily(
            "hutong_data_undelivered_messages_total", .counter, "Data messages not sent to a recipient, by reason.")
        var overflows = MetricFamily(
            "hutong_data_overflows_total", .counter, "Clients that took up reliable data too slowly.")
        var held = MetricFamily(
            "hutong_data_held_bytes", .gauge, "Data being routed, waiting for a channel or for acknowledgement.")
        for worker in workers {
            for reason in DataLoss.allCases {
                let count = worker.data.losses[reason] ?? 0
                losses.add(.integer(count), worker.label, MetricLabel("reason", reason.rawValue))
            }
            overflows.add(.integer(worker.data.overflows), worker.label)
            held.add(MetricValue(worker.data.heldBytes), worker.label)
        }
        return [
            directed(
                workers, "hutong_data_messages_total", "Messages of data channels, sent once for each recipient.",
                \.data.messagesIn, \.data.messagesOut),
            directed(
                workers, "hutong_data_bytes_total", "Bytes of data channel messages.", \.data.bytesIn,
                \.data.bytesOut),
            losses, overflows, held,
        ]
    }

    private static func relayLoop(_ workers: [WorkerStatistics]) -> [MetricFamily] {
        let microsecond = 1e-6
        let bounds = LoopStatistics.upperBounds.map { Double($0) / 1e6 }
        var busy = MetricFamily("hutong_loop_turn_seconds", .histogram, "Busy time of packet loop turns.")
        var wakes = MetricFamily("hutong_loop_wakes_total", .counter, "Times another thread woke the loop.")
        var calls = MetricFamily("hutong_loop_system_calls_total", .counter, "Batched socket calls, by kind.")
        var kernelDrops = MetricFamily(
            "hutong_kernel_drops_total", .counter, "Datagrams lost in the kernel: the receive buffer was full.")
        var refusals = MetricFamily(
            "hutong_segmentation_refusals_total", .counter, "Joined messages that the kernel did not cut.")
        for worker in workers {
            let (label, loop) = (worker.label, worker.loop)
            busy.addHistogram(
                counts: loop.busyHistogram, upperBounds: bounds, sum: Double(loop.busyMicroseconds) * microsecond, label
            )
            wakes.add(.integer(loop.wakes), label)
            calls.add(.integer(loop.receiveCalls), label, MetricLabel("kind", "receive"))
            calls.add(.integer(loop.sendCalls), label, MetricLabel("kind", "send"))
            kernelDrops.add(.integer(loop.kernelDrops), label)
            refusals.add(.integer(loop.segmentationRefusals), label)
        }
        return [
            busy, wakes, calls, kernelDrops,
            directed(
                workers, "hutong_joined_messages_total", "Messages of several datagrams between socket and kernel.",
                \.loop.receivedTogether.messages, \.loop.sentTogether.messages),
            directed(
                workers, "hutong_joined_datagrams_total", "Datagrams in messages of several.",
                \.loop.receivedTogether.datagrams, \.loop.sentTogether.datagrams),
            refusals,
        ]
    }

    private static func relayTCP(_ workers: [WorkerStatistics]) -> [MetricFamily] {
        var connections = MetricFamily("hutong_tcp_connections", .gauge, "Open TCP connections for media.")
        var queued = MetricFamily(
            "hutong_tcp_queued_packets", .gauge, "Datagrams that wait for slow readers of TCP connections.")
        var accepted = MetricFamily(
            "hutong_tcp_accepted_total", .counter, "TCP connections for media, refused ones too.")
        var ends = MetricFamily(
            "hutong_tcp_closed_total", .counter, "TCP connections for media that ended, by reason.")
        for worker in workers {
            let (label, tcp) = (worker.label, worker.loop.tcp)
            connections.add(MetricValue(tcp.connections), label)
            queued.add(MetricValue(tcp.queuedPackets), label)
            accepted.add(.integer(tcp.accepted), label)
            for end in tcp.ends { ends.add(.integer(end.count), label, MetricLabel("reason", end.reason)) }
        }
        return [connections, queued, accepted, ends]
    }
}

extension WorkerStatistics {
    fileprivate var label: MetricLabel { MetricLabel("worker", worker.rawValue) }
}
