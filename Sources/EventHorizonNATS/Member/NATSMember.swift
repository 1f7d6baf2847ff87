#if NATS
import EventHorizon
import EventHorizonBridge
import EventHorizonWire
import Synchronization

/// A member of a group on a connection of its own.
///
/// Everything but the mailbox belongs to the task that calls `next` and `submit`; the loop's thread only leaves there what was read. Run on `executor`,
/// that task and the connection share one thread.
final class NATSMember: GroupMember, @unchecked Sendable {
    // Unchecked: `core` is touched by one task at a time, as `GroupMember` demands.
    struct Incoming: Sendable {
        var arrivals: [Arrival] = []
        var changes: [LinkChange] = []
        var ownership: [Keeper.Event] = []

        mutating func removeAll() {
            arrivals.removeAll(keepingCapacity: true)
            changes.removeAll(keepingCapacity: true)
            ownership.removeAll(keepingCapacity: true)
        }
    }

    let id: String
    let partitionCount: Int
    let incarnation: UInt64
    let eventsIncarnation: UInt64
    let executor: (any TaskExecutor)?
    let link: Link
    let mailbox: Mailbox<Incoming>
    let keeper: Keeper
    private let clock: any WorkerClock
    private var core: MemberCore
    private var incoming = Incoming()
    private let timer: LoopTimer
    private let client: Int
    private var hasSaidDraining = false

    init(id: String, ready: Ready, link: Link, group: GroupDeclaration, lease: UInt64, trims: Bool, clock: any WorkerClock) throws {
        self.id = id
        self.link = link
        self.clock = clock
        partitionCount = ready.partitionCount
        incarnation = ready.incarnation(group.log)
        eventsIncarnation = ready.incarnation(.events)
        executor = link.loop
        let mailbox = Mailbox(Incoming())
        self.mailbox = mailbox
        keeper = Keeper(ready: ready, group: group, member: id, lease: lease, trims: trims) { event in mailbox.put { $0.ownership.append(event) } }
        timer = LoopTimer { mailbox.wake() }
        let inbox = "\(link.inbox).m"
        let proxy = MemberProxy(mailbox: mailbox)
        client = link.add(proxy)
        core = MemberCore(ready: ready, link: link, client: client, group: group, inbox: inbox, keeper: keeper)
        guard link.subscribe("\(inbox).*", client: client, source: 0) else {
            throw BrokerError(.unavailable, "the connection to NATS ended while it was set up", isRetriable: true)
        }
    }

    func next(_ turn: inout Turn, until deadline: Instant?) async {
        await withTaskCancellationHandler {
            var hasYielded = false
            while true {
                if mailbox.take(&incoming) {
                    core.take(&incoming, into: &turn)
                    incoming.removeAll()
                }
                let now = MonotonicTime.now
                let due = core.tick(now, into: &turn)
                turn.isDraining = Task.isCancelled || core.closure != nil
                if !turn.isEmpty, hasSaidDraining || !turn.isDraining { return }
                if turn.isDraining, !hasSaidDraining {
                    hasSaidDraining = true
                    keeper.drain()
                    return
                }
                var wake = due
                if let deadline {
                    let left = (deadline - clock.now).nanoseconds
                    if left <= 0 {
                        if hasYielded { return }
                        // This task may have the connection's thread: whoever never waits would keep it from its socket.
                        hasYielded = true
                        await Task.yield()
                        continue
                    }
                    wake = min(wake ?? .max, now &+ UInt64(left))
                }
                if let wake { link.loop.arm(timer, at: wake) } else { link.loop.disarm(timer) }
                await mailbox.wait()
            }
        } onCancel: {
            mailbox.wake()
        }
    }

    /// Why libnats gave up a connection, if it did. For the task that serves the member.
    var closure: String? { core.closure }

    func submit(_ outcome: inout Outcome) {
        core.submit(&outcome)
        outcome.removeAll()
    }
}

/// What the link knows of a member, or of another reader.
final class MemberProxy: LinkClient {
    let mailbox: Mailbox<NATSMember.Incoming>
    init(mailbox: Mailbox<NATSMember.Incoming>) { self.mailbox = mailbox }

    func arrived(_ arrivals: inout [Arrival]) {
        mailbox.put { incoming in
            if incoming.arrivals.isEmpty { swap(&incoming.arrivals, &arrivals) } else { incoming.arrivals.append(contentsOf: arrivals) }
        }
        arrivals.removeAll(keepingCapacity: true)
    }

    func changed(_ change: LinkChange) { mailbox.put { $0.changes.append(change) } }
}
#endif
