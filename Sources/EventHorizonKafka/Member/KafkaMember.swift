#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import Glibc

/// A member of a group.
///
/// Everything but the mailbox belongs to the task that calls `next` and `submit`. That task polls the library itself and never waits in it: the library
/// rings the event loop's socket when it has something, so that on `executor` both share one thread. What blocks, transactions and the replica, has
/// threads of its own, which leave their answers in the mailbox.
final class KafkaMember: GroupMember, @unchecked Sendable {
    // Unchecked: `core` is touched by one task at a time, as `GroupMember` demands.
    struct Incoming: Sendable {
        var writers: [(partition: Int, epoch: UInt64, event: PartitionWriter.Event)] = []
        var replica: [Replica.Answer] = []
        /// The cluster answers again.
        var isRestored = false
        var hasTrimmed = false

        mutating func removeAll() {
            writers.removeAll(keepingCapacity: true)
            replica.removeAll(keepingCapacity: true)
            isRestored = false
            hasTrimmed = false
        }
    }

    let id: String
    let partitionCount: Int
    let incarnation: UInt64
    let eventsIncarnation: UInt64
    let executor: (any TaskExecutor)?
    private let loop: EventLoop
    private let bell: Bell
    private let mailbox: Mailbox<Incoming>
    private let clock: any WorkerClock
    private let publisher: Publisher
    private var core: MemberCore
    private var incoming = Incoming()
    private let timer: LoopTimer
    private var hasSaidDraining = false

    init(
        id: String, configuration: KafkaConfiguration, ready: Ready, group: GroupDeclaration, starts: [Int64], publisher: Publisher,
        clock: any WorkerClock
    ) throws {
        self.id = id
        self.clock = clock
        self.publisher = publisher
        partitionCount = ready.partitionCount
        incarnation = ready.incarnation(group.log)
        eventsIncarnation = ready.incarnation(.events)
        let mailbox = Mailbox(Incoming())
        self.mailbox = mailbox
        loop = try EventLoop()
        executor = loop
        do {
            bell = try Bell { mailbox.wake() }
            timer = LoopTimer { mailbox.wake() }
            core = try MemberCore(
                id: id, configuration: configuration, ready: ready, group: group, starts: starts, publisher: publisher, mailbox: mailbox, bell: bell)
        } catch {
            loop.stop()
            throw error
        }
        loop.watch(bell.out, for: bell)
        mailbox.wake()
    }

    /// Why the member ended by itself, if it did.
    var failure: Misconfiguration? { core.failure }

    func next(_ turn: inout Turn, until deadline: Instant?) async {
        await withTaskCancellationHandler {
            var hasYielded = false
            while true {
                turnOnce(into: &turn)
                let now = MonotonicTime.now
                let due = core.tick(now, into: &turn)
                turn.isDraining = Task.isCancelled || core.failure != nil
                if !turn.isEmpty, hasSaidDraining || !turn.isDraining { return }
                if turn.isDraining, !hasSaidDraining {
                    hasSaidDraining = true
                    core.drain()
                    return
                }
                var wake = due
                if let deadline {
                    let left = (deadline - clock.now).nanoseconds
                    if left <= 0 {
                        if hasYielded { return }
                        // This task may have the loop's thread: whoever never waits would keep it from its socket.
                        hasYielded = true
                        await Task.yield()
                        continue
                    }
                    wake = min(wake, now &+ UInt64(left))
                }
                loop.arm(timer, at: wake)
                await mailbox.wait()
            }
        } onCancel: {
            mailbox.wake()
        }
    }

    private func turnOnce(into turn: inout Turn) {
        if mailbox.take(&incoming) {
            core.take(&incoming, into: &turn)
            incoming.removeAll()
        }
        core.poll(into: &turn)
    }

    func submit(_ outcome: inout Outcome) {
        core.submit(&outcome)
        outcome.removeAll()
    }

    /// Leaves the group, and releases what is still held, unless it crashed.
    func leave(isClean: Bool) async {
        core.leave(isClean: isClean)
        var turn = Turn()
        // While the cluster is away nobody can be told: the group finds out by itself.
        var deadline = MonotonicTime.now &+ (core.isUp ? 10_000_000_000 : 2_000_000_000)
        while MonotonicTime.now < deadline {
            turnOnce(into: &turn)
            turn.removeAll()
            let due = core.tick(MonotonicTime.now, into: &turn)
            if core.hasLeft { break }
            if core.waitsForGroup {
                // The library leaves when a rebalance is over, the first join included, and that may wait for the sessions of the dead: nothing is held
                // any more, and so the group misses nothing of this member.
                deadline = min(deadline, MonotonicTime.now &+ 2_000_000_000)
            }
            loop.arm(timer, at: min(due, MonotonicTime.now &+ 100_000_000))
            await mailbox.wait()
        }
        core.stopWriters()
        loop.disarm(timer)
        loop.unwatch(bell)
        let (publisher, parts) = (publisher, core.parts)
        let bell = bell
        // Whoever waits for the member waits for its connections too: the group must not see it any more.
        try? await ForeignThread.run {
            publisher.settle(within: 1_000_000_000)
            parts.close()
            bell.close()
        }
        loop.stop()
    }
}

/// What librdkafka rings when a queue that was empty has something.
final class Bell: SocketHandler {
    let out: Int32
    let `in`: Int32
    private let ring: @Sendable () -> Void

    init(_ ring: @escaping @Sendable () -> Void) throws(BrokerError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw BrokerError(.unavailable, "no descriptor is left for the bell of a member: raise the limit of open files", isRetriable: true)
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (out, `in`) = (ends[0], ends[1])
        self.ring = ring
    }

    func socketIsReadable() {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { bytes in
            while read(out, bytes.baseAddress, 64) == 64 {}
        }
        ring()
    }

    func socketIsWritable() {}

    /// After the handles that ring it are gone.
    func close() {
        _ = Glibc.close(out)
        _ = Glibc.close(`in`)
    }
}
#endif
