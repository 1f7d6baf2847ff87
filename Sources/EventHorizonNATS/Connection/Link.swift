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
    /// libnats gave up, and will not come back by itself.
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
/// What libnats reads is taken from its subscriptions on the loop's thread and handed over in batches. Publishing only asks for a write, so what gathers
/// while the loop works leaves together. libnats reconnects by itself and subscribes again; what is unanswered then is the clients' to send again.
final class Link: @unchecked Sendable {
    // Unchecked: `connection` is set once, before anybody else has the link; all that changes is in `state`.
    private struct Subscription {
        let handle: OpaquePointer
        let client: Int
        let source: UInt64
    }
    private struct Client {
        let id: Int
        let client: any LinkClient
        var arrivals: [Arrival] = []

        mutating func take(_ count: Int32, from subscription: OpaquePointer, source: UInt64) {
            for _ in 0..<count {
                var message: OpaquePointer?
                guard natsSubscription_NextMsg(&message, subscription, 0) == NATS_OK, let message else { return }
                arrivals.append(Arrival(message: message, source: source))
            }
        }
    }
    private struct State {
        var subscriptions: [Subscription] = []
        var clients: [Client] = []
        var clientsMade = 0
        var changes: [LinkChange] = []
        var isClosing = false
        var changed: LoopTimer?
    }

    let loop = EventLoop()
    private(set) var connection: OpaquePointer!
    private let state = Mutex(State())
    /// Whether the loop may use the connection: it may be about to serve a socket that it is just told to forget, and closing frees what serving uses.
    fileprivate let isOpen = Mutex(true)
    /// Names this link's inboxes.
    let inbox: String

    /// Connects; blocks, so only on a foreign thread.
    init(_ options: OpaquePointer) throws {
        var name: UnsafeMutablePointer<CChar>?
        guard natsInbox_Create(&name) == NATS_OK, let name else { throw BrokerError(.unavailable, "libnats could not make an inbox") }
        inbox = String(cString: name)
        natsInbox_Destroy(name)

        let context = Unmanaged.passRetained(self).toOpaque()
        natsOptions_SetEventLoop(options, context, linkAttach, linkRead, linkWrite, linkDetach)
        natsOptions_SetDisconnectedCB(options, linkLost, context)
        natsOptions_SetReconnectedCB(options, linkRestored, context)
        natsOptions_SetClosedCB(options, linkClosed, context)
        // libnats would print what it cannot tell; what matters comes as an answer or a missing one.
        natsOptions_SetErrorHandler(options, linkError, context)
        natsOptions_SetSendAsap(options, true)
        let status = natsConnection_Connect(&connection, options)
        guard status == NATS_OK else {
            let text = Library.lastError(status)
            loop.stop()
            // No callback follows a connection that never was.
            Unmanaged<Link>.fromOpaque(context).release()
            throw LinkFailure(status: status, text: text)
        }
        let changed = LoopTimer { [weak self] in self?.tellChanges() }
        state.withLock { $0.changed = changed }
    }

    /// Closes and frees all; blocks, so only on a foreign thread. The connection first, then what its callbacks use.
    private func destroy() {
        let subscriptions = state.withLock { state in
            state.isClosing = true
            defer { state.subscriptions = [] }
            return state.subscriptions
        }
        // What was published last leaves while the loop still serves.
        natsConnection_FlushTimeout(connection, 500)
        isOpen.withLock { isOpen in
            isOpen = false
            natsConnection_Close(connection)
        }
        for subscription in subscriptions { natsSubscription_Destroy(subscription.handle) }
        natsConnection_Destroy(connection)
        state.withLock {
            $0.clients = []
            $0.changed = nil
        }
        loop.stop()
    }

    func close() async {
        _ = try? await ForeignThread.run { self.destroy() }
    }

    /// For a deinit, which cannot wait.
    func closeLater() {
        ForeignThread.start { self.destroy() }
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
                natsSubscription_Unsubscribe(subscription.handle)
                natsSubscription_Destroy(subscription.handle)
            }
        }
    }

    /// False where the connection is gone for good.
    func subscribe(_ subject: String, client: Int, source: UInt64) -> Bool {
        state.withLock { state in
            var handle: OpaquePointer?
            guard !state.isClosing, natsConnection_SubscribeSync(&handle, connection, subject) == NATS_OK, let handle else { return false }
            natsSubscription_SetPendingLimits(handle, -1, -1)
            state.subscriptions.append(Subscription(handle: handle, client: client, source: source))
            return true
        }
    }

    func unsubscribe(client: Int, source: UInt64) {
        state.withLock { state in
            guard let index = state.subscriptions.firstIndex(where: { $0.client == client && $0.source == source }) else { return }
            let subscription = state.subscriptions.remove(at: index)
            natsSubscription_Unsubscribe(subscription.handle)
            natsSubscription_Destroy(subscription.handle)
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
                    return natsConnection_PublishMsg(connection, message) == NATS_OK
                }
            }
        }
    }

    @discardableResult
    func publish(subject: String, reply: String? = nil, body: String) -> Bool {
        var body = body
        return body.withUTF8 { bytes in
            if let reply {
                natsConnection_PublishRequest(connection, subject, reply, bytes.baseAddress, Int32(bytes.count)) == NATS_OK
            } else {
                natsConnection_Publish(connection, subject, bytes.baseAddress, Int32(bytes.count)) == NATS_OK
            }
        }
    }

    /// In bytes.
    var maximumPayload: Int { Int(natsConnection_GetMaxPayload(connection)) }

    var isConnected: Bool { natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED }

    var connectedAddress: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
            guard natsConnection_GetConnectedUrl(connection, buffer.baseAddress, 1024) == NATS_OK else { return "" }
            return String(cString: buffer.baseAddress!)
        }
    }

    // MARK: On the loop

    fileprivate func attach(_ connection: OpaquePointer, _ socket: Int32) {
        loop.watch(socket, for: LinkSocket(link: self, connection: connection))
    }

    fileprivate func drain() {
        state.withLock { state in
            for subscription in state.subscriptions {
                var count: Int32 = 0
                guard natsSubscription_GetPending(subscription.handle, &count, nil) == NATS_OK, count > 0 else { continue }
                guard let index = state.clients.firstIndex(where: { $0.id == subscription.client }) else { continue }
                state.clients[index].take(count, from: subscription.handle, source: subscription.source)
            }
        }
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

    fileprivate func note(_ change: LinkChange) {
        let changed = state.withLock { state -> LoopTimer? in
            if state.isClosing { return nil }
            state.changes.append(change)
            return state.changed
        }
        if let changed { loop.arm(changed, at: MonotonicTime.now) }
    }

    private func tellChanges() {
        let (changes, clients) = state.withLock { state in
            defer { state.changes = [] }
            return (state.changes, state.clients.map(\.client))
        }
        for change in changes { for client in clients { client.changed(change) } }
    }
}

struct LinkFailure: Error {
    var status: natsStatus
    var text: String
}

/// What the loop calls for one socket of a link.
private final class LinkSocket: SocketHandler, @unchecked Sendable {
    // Unchecked: libnats's connection may be used from any thread, and this is only called by the loop.
    let link: Link
    let connection: OpaquePointer
    init(link: Link, connection: OpaquePointer) {
        self.link = link
        self.connection = connection
    }
    func socketIsReadable() {
        link.isOpen.withLock { if $0 { natsConnection_ProcessReadEvent(connection) } }
        link.drain()
    }
    func socketIsWritable() { link.isOpen.withLock { if $0 { natsConnection_ProcessWriteEvent(connection) } } }
}

// MARK: - What libnats calls: file-level functions, on threads of its own

private func link(_ context: UnsafeMutableRawPointer?) -> Link { Unmanaged<Link>.fromOpaque(context!).takeUnretainedValue() }

private func linkAttach(
    _ user: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ socket: natsSock
) -> natsStatus {
    user!.pointee = context
    // With TLS, libnats waits without end for a socket to take more, and holds what the pings of all connections need: a peer that takes nothing for 5 s
    // is gone. In milliseconds.
    var limit: Int32 = 5_000
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<Int32>.size))
    link(context).attach(connection!, socket)
    return NATS_OK
}

/// libnats asks to stop reading when it is about to close the socket, and never to start.
private func linkRead(_ context: UnsafeMutableRawPointer?, _ isWanted: Bool) -> natsStatus {
    if !isWanted { link(context).loop.unwatch() }
    return NATS_OK
}

private func linkWrite(_ context: UnsafeMutableRawPointer?, _ isWanted: Bool) -> natsStatus {
    link(context).loop.wantWrite(isWanted)
    return NATS_OK
}

private func linkDetach(_ context: UnsafeMutableRawPointer?) -> natsStatus { NATS_OK }

private func linkLost(_ connection: OpaquePointer?, _ context: UnsafeMutableRawPointer?) {
    var text: UnsafePointer<CChar>?
    natsConnection_GetLastError(connection, &text)
    let reason = text.map { String(cString: $0) } ?? ""
    link(context).note(.lost(reason: reason.isEmpty ? "the connection was closed" : reason))
}

private func linkRestored(_ connection: OpaquePointer?, _ context: UnsafeMutableRawPointer?) { link(context).note(.restored) }

/// The last that libnats calls for a connection.
private func linkClosed(_ connection: OpaquePointer?, _ context: UnsafeMutableRawPointer?) {
    var text: UnsafePointer<CChar>?
    natsConnection_GetLastError(connection, &text)
    let link = Unmanaged<Link>.fromOpaque(context!).takeRetainedValue()
    link.note(.closed(reason: text.map { String(cString: $0) } ?? ""))
}

private func linkError(_ connection: OpaquePointer?, _ subscription: OpaquePointer?, _ status: natsStatus, _ context: UnsafeMutableRawPointer?) {}
#endif
