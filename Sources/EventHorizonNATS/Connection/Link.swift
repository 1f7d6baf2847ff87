#if NATS
import CNATS
import EventHorizon
import EventHorizonBridge
import Glibc
import Synchronization

/// A received message, owned by whoever holds it, who ends it with `Library.destroy`.
struct Arrival: @unchecked Sendable {
    // Unchecked: the message is nobody else's, and libnats ties it to no thread.
    let message: OpaquePointer
    /// The number that the subscriber gave its subscription.
    let source: UInt64
}

enum LinkChange: Sendable, Equatable {
    case lost(reason: String)
    case restored
    /// Requests of this client met nobody who serves them, as while a stream has no leader: which ones is not known.
    case unheard
    /// For good: the server refused us twice as we came back.
    case closed(reason: String)
}

/// Reads from a link. Called on the link's loop, one call at a time.
protocol LinkClient: AnyObject, Sendable {
    /// The client owns the messages, and empties the array, whose storage is reused.
    func arrived(_ arrivals: inout [Arrival])
    func changed(_ change: LinkChange)
}

/// One connection, driven by an event loop of its own.
///
/// What libnats reads is taken from its subscriptions on the loop's thread and handed over in batches. Publishing only asks for a write, so what
/// gathers while the loop works leaves together. A connection that is lost is replaced by a new one, for as long as it takes, and subscribed again; what
/// is unanswered then is the clients' to send again.
///
/// libnats's own reconnecting is off: driven by an external loop it keeps its parser, and where the old connection ended within a message it takes the
/// new one's first words for the rest of it, loses the connection, and so on for ever (nats.c issue 1007).
final class Link: @unchecked Sendable {
    // Unchecked: `options` is never changed after it was filled; all else that changes is in `state`.
    private struct Subscription {
        /// Nil until there is a connection to subscribe on.
        var handle: Handle?
        let subject: String
        let client: Int
        let source: UInt64
    }
    private struct Client {
        let id: Int
        let client: any LinkClient
        var arrivals: [Arrival] = []

        /// - Returns: Whether a request met nobody.
        mutating func take(_ count: Int32, from subscription: OpaquePointer, source: UInt64) -> Bool {
            var isUnheard = false
            for _ in 0..<count {
                var message: OpaquePointer?
                let status = natsSubscription_NextMsg(&message, subscription, 0)
                // libnats keeps this message to itself; others wait behind it.
                if status == NATS_NO_RESPONDERS {
                    isUnheard = true
                    continue
                }
                guard status == NATS_OK, let message else { break }
                arrivals.append(Arrival(message: message, source: source))
            }
            return isUnheard
        }
    }
    private enum Replacing {
        case no
        /// A thread makes a new connection.
        case yes
        /// The server refuses us.
        case givenUp
    }
    private struct State {
        /// Replaced when it is lost; the lock is held while it is used, so that nobody uses one that is gone.
        var connection: Handle?
        var subscriptions: [Subscription] = []
        var clients: [Client] = []
        var clientsMade = 0
        var changes: [LinkChange] = []
        var isClosing = false
        /// The last connection, closed.
        var closed: Handle?
        var replacing = Replacing.no
        /// Why the present connection is given up by us, if it is.
        var givenUp: String?
        var changed: LoopTimer?
    }

    let loop: EventLoop
    private let options: OpaquePointer
    private let state = Mutex(State())
    /// Whether the loop may use the connection: it may be about to serve a socket that it is just told to forget, and closing frees what serving uses.
    fileprivate let isOpen = Mutex(true)
    /// Names this link's inboxes.
    let inbox: String

    /// Connects; blocks, so only on a foreign thread. Takes `options` over.
    init(_ options: OpaquePointer) throws {
        var name: UnsafeMutablePointer<CChar>?
        guard natsInbox_Create(&name) == NATS_OK, let name else {
            natsOptions_Destroy(options)
            throw BrokerError(.unavailable, "libnats could not make an inbox")
        }
        inbox = String(cString: name)
        natsInbox_Destroy(name)
        do {
            loop = try EventLoop()
        } catch {
            natsOptions_Destroy(options)
            throw error
        }
        self.options = options

        let context = Unmanaged.passUnretained(self).toOpaque()
        natsOptions_SetEventLoop(options, context, linkAttach, linkRead, linkWrite, linkDetach)
        natsOptions_SetClosedCB(options, linkClosed, context)
        // libnats would print what it cannot tell; what matters comes as an answer or a missing one.
        natsOptions_SetErrorHandler(options, linkError, context)
        natsOptions_SetSendAsap(options, true)
        natsOptions_SetAllowReconnect(options, false)
        let changed = LoopTimer { [weak self] in self?.tellChanges() }
        state.withLock { $0.changed = changed }
        do {
            let connection = try connect()
            state.withLock { $0.connection = connection }
            // It may be lost by now.
            replaceIfEnded()
        } catch {
            loop.stop()
            throw error
        }
    }

    private func connect() throws -> Handle {
        var made: OpaquePointer?
        let status = natsConnection_Connect(&made, options)
        guard status == NATS_OK, let made else { throw LinkFailure(status: status, text: Library.lastError(status)) }
        return Handle(made)
    }

    /// Says so and starts a thread that makes another connection, if the present one has ended and no such thread runs. A connection may also end while it
    /// is made: its end is told like that of any other, and is for its maker to see.
    fileprivate func replaceIfEnded() {
        let ended = state.withLock { state -> String? in
            guard !state.isClosing, state.replacing == .no, let present = state.connection, natsConnection_IsClosed(present.pointer) else {
                return nil
            }
            state.replacing = .yes
            var text: UnsafePointer<CChar>?
            natsConnection_GetLastError(present.pointer, &text)
            return state.givenUp.take() ?? text.map { String(cString: $0) } ?? ""
        }
        guard let reason = ended else { return }
        note(.lost(reason: reason.isEmpty ? "the connection was closed" : reason))
        ForeignThread.start { [self] in
            let isDone = replace()
            // Whoever closes the link waits for this, and frees what was made.
            state.withLock { $0.replacing = isDone ? .no : .givenUp }
            replaceIfEnded()
        }
    }

    /// Makes another connection, for as long as it takes.
    /// - Returns: False where the server refused us twice in a row for who we are.
    private func replace() -> Bool {
        var refusals = 0
        while !state.withLock({ $0.isClosing }) {
            usleep(.random(in: 100_000...150_000))
            let made: Handle
            do {
                made = try connect()
            } catch {
                let failure = error as? LinkFailure
                refusals = failure?.isRefusal == true ? refusals + 1 : 0
                if let failure, refusals == 2 {
                    note(.closed(reason: failure.text))
                    return false
                }
                continue
            }
            let dead = state.withLock { state in
                var handles: [Handle?] = []
                for subscription in state.subscriptions {
                    var handle: OpaquePointer?
                    guard natsConnection_SubscribeSync(&handle, made.pointer, subscription.subject) == NATS_OK, let handle else { break }
                    natsSubscription_SetPendingLimits(handle, -1, -1)
                    handles.append(Handle(handle))
                }
                // It was lost again already: until the next all is as it was.
                guard handles.count == state.subscriptions.count, !natsConnection_IsClosed(made.pointer) else {
                    return Dead(connection: made, subscriptions: handles)
                }
                for index in handles.indices { swap(&state.subscriptions[index].handle, &handles[index]) }
                // Told before anything that the new connection brings.
                state.changes.append(.restored)
                defer { state.connection = made }
                return Dead(connection: state.connection, subscriptions: handles)
            }
            // Freed by the loop's thread, which may still be reading from it.
            loop.arm(LoopTimer { withExtendedLifetime(dead) {} }, at: MonotonicTime.now)
            if dead.connection == made { continue }
            if let changed = state.withLock({ $0.changed }) { loop.arm(changed, at: MonotonicTime.now) }
            return true
        }
        return true
    }

    /// Gives the present connection up for another, because nothing comes over it any more.
    func renew(_ reason: String) {
        ForeignThread.start { [self] in
            // Under the lock, so that it is not freed meanwhile; it may wait half a second for what is still to be written.
            state.withLock { state in
                guard state.replacing == .no, let connection = state.connection else { return }
                state.givenUp = reason
                isOpen.withLock { _ in natsConnection_Close(connection.pointer) }
            }
        }
    }

    /// Closes; blocks, so only on a foreign thread. What is asked of the link afterwards fails.
    private func shut() {
        state.withLock { $0.isClosing = true }
        while state.withLock({ $0.replacing == .yes }) { usleep(1_000) }
        let (connection, subscriptions, clients) = state.withLock { state in
            defer {
                state.closed = state.closed ?? state.connection
                state.connection = nil
                state.subscriptions = []
                state.changed = nil
            }
            return (state.connection, state.subscriptions, state.clients.map(\.client))
        }
        // What was published last leaves while the loop still serves.
        if natsConnection_Buffered(connection?.pointer) > 0 { natsConnection_FlushTimeout(connection?.pointer, 500) }
        isOpen.withLock { isOpen in
            isOpen = false
            natsConnection_Close(connection?.pointer)
        }
        for subscription in subscriptions { natsSubscription_Destroy(subscription.handle?.pointer) }
        for client in clients { client.changed(.lost(reason: "the connection was closed")) }
        state.withLock { state in
            for arrival in state.clients.flatMap(\.arrivals) { Library.destroy(arrival.message) }
            state.clients = []
        }
        loop.stop()
    }

    /// Freed with its last user: a closed connection only says no, and the loop may have been about to read from it.
    deinit {
        if let closed = state.withLock({ $0.closed }) { natsConnection_Destroy(closed.pointer) }
        natsOptions_Destroy(options)
    }

    func close() async {
        _ = try? await ForeignThread.run { self.shut() }
    }

    /// For a deinit, which cannot wait.
    func closeLater() {
        ForeignThread.start { self.shut() }
    }

    // MARK: Clients

    func add(_ client: any LinkClient) -> Int {
        state.withLock { state in
            state.clientsMade += 1
            state.clients.append(Client(id: state.clientsMade, client: client))
            return state.clientsMade
        }
    }

    /// Ends a client's subscriptions; nothing is delivered to it any more, unless a delivery is under way.
    func remove(client: Int) {
        state.withLock { state in
            let ended = state.subscriptions.filter { $0.client == client }
            state.subscriptions.removeAll { $0.client == client }
            if let index = state.clients.firstIndex(where: { $0.id == client }) {
                for arrival in state.clients.remove(at: index).arrivals { Library.destroy(arrival.message) }
            }
            for subscription in ended {
                natsSubscription_Unsubscribe(subscription.handle?.pointer)
                natsSubscription_Destroy(subscription.handle?.pointer)
            }
        }
    }

    /// Takes effect when there is a connection. False where the link is closed.
    func subscribe(_ subject: String, client: Int, source: UInt64) -> Bool {
        state.withLock { state in
            if state.isClosing { return false }
            var handle: OpaquePointer?
            if natsConnection_SubscribeSync(&handle, state.connection?.pointer, subject) == NATS_OK {
                natsSubscription_SetPendingLimits(handle, -1, -1)
            }
            state.subscriptions.append(Subscription(handle: handle.map { Handle($0) }, subject: subject, client: client, source: source))
            return true
        }
    }

    func unsubscribe(client: Int, source: UInt64) {
        state.withLock { state in
            guard let index = state.subscriptions.firstIndex(where: { $0.client == client && $0.source == source }) else { return }
            let subscription = state.subscriptions.remove(at: index)
            natsSubscription_Unsubscribe(subscription.handle?.pointer)
            natsSubscription_Destroy(subscription.handle?.pointer)
        }
    }

    // MARK: Publishing

    /// Asks for a write; true says nothing but that libnats took it. `subject` and `reply` end with a zero byte; an empty `reply` is none.
    @discardableResult
    func publish(subject: [UInt8], reply: [UInt8], block: [UInt8], headers: Int) -> Bool {
        subject.withUnsafeBytes { subject in
            reply.withUnsafeBytes { reply in
                block.withUnsafeBytes { block in
                    guard
                        let message = Library.message(
                            subject: subject.assumingMemoryBound(to: CChar.self), reply: reply.assumingMemoryBound(to: CChar.self),
                            block: block.assumingMemoryBound(to: CChar.self), headers: headers)
                    else { return false }
                    defer { Library.destroy(message) }
                    let handle = Handle(message)
                    return state.withLock { natsConnection_PublishMsg($0.connection?.pointer, handle.pointer) == NATS_OK }
                }
            }
        }
    }

    @discardableResult
    func publish(subject: String, reply: String? = nil, body: String) -> Bool {
        var body = body
        return body.withUTF8 { bytes in
            nonisolated(unsafe) let bytes = bytes
            return state.withLock { state in
                if let reply {
                    natsConnection_PublishRequest(state.connection?.pointer, subject, reply, bytes.baseAddress, Int32(bytes.count)) == NATS_OK
                } else {
                    natsConnection_Publish(state.connection?.pointer, subject, bytes.baseAddress, Int32(bytes.count)) == NATS_OK
                }
            }
        }
    }

    /// For good: nothing that is asked of it will ever be answered.
    var isClosed: Bool { state.withLock { $0.isClosing } }

    /// In bytes.
    var maximumPayload: Int { state.withLock { Int(natsConnection_GetMaxPayload($0.connection?.pointer)) } }

    var connectedAddress: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
            nonisolated(unsafe) let buffer = buffer
            guard state.withLock({ natsConnection_GetConnectedUrl($0.connection?.pointer, buffer.baseAddress, 1024) }) == NATS_OK else { return "" }
            return String(cString: buffer.baseAddress!)
        }
    }

    // MARK: On the loop

    fileprivate func drain() {
        // A connection may bring something before the loop comes to its timers.
        tellChanges()
        let unheard = state.withLock { state in
            var unheard: [any LinkClient] = []
            for subscription in state.subscriptions {
                var count: Int32 = 0
                guard let handle = subscription.handle, natsSubscription_GetPending(handle.pointer, &count, nil) == NATS_OK, count > 0 else {
                    continue
                }
                guard let index = state.clients.firstIndex(where: { $0.id == subscription.client }) else { continue }
                let isUnheard = state.clients[index].take(count, from: handle.pointer, source: subscription.source)
                if isUnheard { unheard.append(state.clients[index].client) }
            }
            return unheard
        }
        for client in unheard { client.changed(.unheard) }
        while true {
            // Outside the lock: a client may publish, subscribe or leave from within.
            var arrivals: [Arrival] = []
            let found = state.withLock { state -> (id: Int, client: any LinkClient)? in
                guard let index = state.clients.firstIndex(where: { !$0.arrivals.isEmpty }) else { return nil }
                swap(&arrivals, &state.clients[index].arrivals)
                return (state.clients[index].id, state.clients[index].client)
            }
            guard let found else { return }
            found.client.arrived(&arrivals)
            state.withLock { state in
                guard let index = state.clients.firstIndex(where: { $0.id == found.id }) else { return }
                swap(&arrivals, &state.clients[index].arrivals)
            }
        }
    }

    private func note(_ change: LinkChange) {
        let changed = state.withLock { state -> LoopTimer? in
            if state.isClosing { return nil }
            state.changes.append(change)
            return state.changed
        }
        if let changed { loop.arm(changed, at: MonotonicTime.now) }
    }

    private func tellChanges() {
        let (changes, clients): ([LinkChange], [any LinkClient]) = state.withLock { state in
            if state.changes.isEmpty { return ([], []) }
            defer { state.changes = [] }
            return (state.changes, state.clients.map(\.client))
        }
        for change in changes { for client in clients { client.changed(change) } }
    }
}

/// One of libnats's: a connection, a subscription, a message.
private struct Handle: Equatable, @unchecked Sendable {
    // Unchecked: libnats ties none of them to a thread, and locks each itself.
    let pointer: OpaquePointer
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
}

/// What is left of a connection that was replaced; freed with its last reference.
private final class Dead: Sendable {
    let connection: Handle?
    private let subscriptions: [Handle?]

    init(connection: Handle?, subscriptions: [Handle?]) {
        self.connection = connection
        self.subscriptions = subscriptions
    }

    deinit {
        for subscription in subscriptions { natsSubscription_Destroy(subscription?.pointer) }
        natsConnection_Destroy(connection?.pointer)
    }
}

struct LinkFailure: Error {
    var status: natsStatus
    var text: String

    /// Whether the server does not let us in, as after a password was changed.
    var isRefusal: Bool {
        let words = text.lowercased()
        return status == NATS_CONNECTION_AUTH_FAILED || words.contains("authorization") || words.contains("authentication")
    }
}

/// One connection's socket, between libnats and the loop: the end of one connection must not keep the loop from another's.
private final class LinkSocket: SocketHandler, @unchecked Sendable {
    // Unchecked: libnats's connection may be used from any thread, and this is only called by the loop.
    let link: Link
    private let connection: OpaquePointer
    /// Until libnats closes the socket; it may free the connection then.
    private let isAttached = Atomic(true)

    init(link: Link, connection: OpaquePointer) {
        self.link = link
        self.connection = connection
    }

    func ends() {
        isAttached.store(false, ordering: .releasing)
        link.loop.unwatch(self)
    }

    func socketIsReadable() {
        link.isOpen.withLock { if $0, isAttached.load(ordering: .acquiring) { natsConnection_ProcessReadEvent(connection) } }
        link.drain()
    }

    func socketIsWritable() {
        link.isOpen.withLock { if $0, isAttached.load(ordering: .acquiring) { natsConnection_ProcessWriteEvent(connection) } }
    }
}

// MARK: - What libnats calls: file-level functions, on threads of its own

private func linkSocket(_ socket: UnsafeMutableRawPointer?) -> LinkSocket { Unmanaged<LinkSocket>.fromOpaque(socket!).takeUnretainedValue() }

/// From here on the connection's end is told, even if whoever makes it never gets to see it.
private func linkAttach(
    _ user: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ socket: natsSock
) -> natsStatus {
    // With TLS, libnats waits without end for a socket to take more, and holds what the pings of all connections need: a peer that takes nothing for 5 s
    // is gone. In milliseconds.
    var limit: Int32 = 5_000
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<Int32>.size))
    // Given back by `linkClosed` and `linkDetach`.
    let link = Unmanaged<Link>.fromOpaque(context!).retain().takeUnretainedValue()
    let handler = LinkSocket(link: link, connection: connection!)
    user!.pointee = Unmanaged.passRetained(handler).toOpaque()
    link.loop.watch(socket, for: handler)
    return NATS_OK
}

/// libnats asks to stop reading when it is about to close the socket, and never to start.
private func linkRead(_ socket: UnsafeMutableRawPointer?, _ isWanted: Bool) -> natsStatus {
    if !isWanted { linkSocket(socket).ends() }
    return NATS_OK
}

private func linkWrite(_ socket: UnsafeMutableRawPointer?, _ isWanted: Bool) -> natsStatus {
    let handler = linkSocket(socket)
    handler.link.loop.wantWrite(isWanted, for: handler)
    return NATS_OK
}

private func linkDetach(_ socket: UnsafeMutableRawPointer?) -> natsStatus {
    Unmanaged<LinkSocket>.fromOpaque(socket!).release()
    return NATS_OK
}

/// The last that libnats calls for a connection.
private func linkClosed(_ connection: OpaquePointer?, _ context: UnsafeMutableRawPointer?) {
    Unmanaged<Link>.fromOpaque(context!).takeRetainedValue().replaceIfEnded()
}

private func linkError(_ connection: OpaquePointer?, _ subscription: OpaquePointer?, _ status: natsStatus, _ context: UnsafeMutableRawPointer?) {}
#endif
