#if NATS
import EventHorizon
import EventHorizonBridge
import Glibc
import ServerSupport
import Synchronization
import Testing

@testable import EventHorizonNATS

@Suite(.serialized, .timeLimit(.minutes(1)))
struct Reconnecting {
    /// A link, and who reads the news from it.
    private func connect(to server: ScriptedServer) async throws -> (Link, Reader) {
        let configuration = NATSConfiguration(servers: ["nats://127.0.0.1:\(server.port)"], application: "shop", connectDeadline: .seconds(5))
        let link = try await Connector(configuration: configuration, clock: surroundings.clock).connect()
        let reader = Reader()
        let number = link.add(reader)
        #expect(link.subscribe("news", client: number, source: 0))
        return (link, reader)
    }

    /// A broker all of whose connections go over `relay`.
    private func broker(over relay: ScriptedServer) -> NATSBroker {
        NATSBroker(
            NATSConfiguration(
                servers: ["nats://127.0.0.1:\(relay.port)"], application: "shop", partitionCount: 1, leaseTime: .seconds(2),
                connectDeadline: .seconds(10)),
            surroundings: surroundings)
    }

    /// libnats driven by an external loop takes a new connection's first words for the rest of what the old one broke off.
    @Test(arguments: ["MSG news 1 5", "MSG news 1 5\r", "MSG news 1 500\r\nhal", "HMSG news 1 12 20\r\nNATS/1.0", "PI", "M"])
    func a_connection_that_ends_within_a_message_is_replaced_by_one_that_reads(last words: String) async throws {
        let server = try ScriptedServer { client, number in
            client.serve()
            // The first connection breaks off; every later one is a server as it should be.
            client.write(number == 1 ? words : "MSG news 1 5\r\nhello\r\n")
            if number > 1 { client.wait() }
        }
        let (link, reader) = try await connect(to: server)
        let deadline = ContinuousClock.now + .seconds(10)
        while reader.bodies.value.isEmpty || reader.changes.value.count < 2, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(reader.bodies.value == ["hello"])
        #expect(reader.changes.value.first == .lost(reason: reader.reason))
        #expect(reader.changes.value.dropFirst() == [.restored])
        await link.close()
        server.stop()
    }

    /// Such a connection was there for libnats and never was for who made it.
    @Test(arguments: 0..<4)
    func a_connection_that_ends_while_it_is_made_leaves_one_that_reads_and_writes(round: Int) async throws {
        let server = try ScriptedServer { client, number in
            if number > 1 && number < 25 {
                client.greet()
                usleep(UInt32(number * 4))
            } else {
                client.serve()
                // The first ends with the first word; those after the unsteady time answer whatever is said.
                if number > 1 { client.echo("MSG news 1 5\r\nhello\r\n") }
            }
        }
        defer { server.stop() }
        let (link, reader) = try await connect(to: server)
        let deadline = ContinuousClock.now + .seconds(20)
        while reader.bodies.value.isEmpty, ContinuousClock.now < deadline {
            link.publish(subject: "anything", body: "")
            try await Task.sleep(for: .milliseconds(20))
        }
        // What was told of connections ends with the one that is there.
        #expect(reader.changes.value.last == .restored)
        let before = reader.bodies.value.count
        while reader.bodies.value.count < before + 5, ContinuousClock.now < deadline {
            link.publish(subject: "anything", body: "")
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(reader.bodies.value.count >= before + 5)
        #expect(server.open.value == 1)
        await link.close()
    }

    /// The control connection works, so nobody else would take the partitions over; the pings of the member's own come too seldom.
    @Test func a_member_over_whose_connection_nothing_comes_makes_another() async throws {
        try await withServer { server in
            let silenced = Shared(0)
            let relay = try ScriptedServer { client, _ in
                client.relay(to: server.port) { text in
                    // The first that asks for a consumer of the commands.
                    guard silenced.value == 0, text.contains("$JS.API.CONSUMER.CREATE.shop_COMMANDS") else { return true }
                    silenced.change { $0 += 1 }
                    return false
                }
            }
            defer { relay.stop() }
            let broker = self.broker(over: relay)
            try await broker.withMember(of: handlers()) { member in
                _ = try await broker.publish([command("Athena")])
                let start = surroundings.clock.now
                try await serve(member) { turn, _ in !turn.deliveries.isEmpty }
                #expect(surroundings.clock.now - start < .seconds(9))
            }
            #expect(silenced.value == 1)
        }
    }

    /// Its reader was never asked for a consumer then, and begins anew when the connection is back.
    @Test func a_partition_that_is_claimed_while_the_members_connection_is_away_is_read() async throws {
        try await withServer { server in
            let (isAway, isClaimed) = (Shared(false), Shared(false))
            let relay = try ScriptedServer { client, _ in
                while isAway.value, !isClaimed.value { usleep(1_000) }
                client.relay(to: server.port) { text in
                    // The member's own subscription; the control connection has no such.
                    guard !isAway.value, text.contains(".m.* ") else { return true }
                    isAway.change { $0 = true }
                    client.hangUp()
                    return false
                }
            }
            defer { relay.stop() }
            let broker = self.broker(over: relay)
            defer { isClaimed.change { $0 = true } }
            _ = try await broker.publish([command("Athena")])
            try await broker.withMember(of: handlers()) { member in
                var (isLost, hasClaim) = (false, false)
                try await serve(member) { turn, _ in
                    isLost = isLost || turn.notices.contains { if case .connectionLost = $0 { true } else { false } }
                    hasClaim = hasClaim || !turn.claimed.isEmpty
                    if isLost, hasClaim { isClaimed.change { $0 = true } }
                    return !turn.deliveries.isEmpty
                }
                #expect(isLost)
            }
        }
    }

    /// Whoever reads a log without a group has a connection of its own, which may be cut in the middle.
    @Test func a_log_is_read_whole_though_the_connection_is_cut() async throws {
        try await withServer { server in
            let asked = Shared(0)
            let relay = try ScriptedServer { client, _ in
                client.relay(to: server.port) { text in
                    guard text.contains("$JS.API.CONSUMER.MSG.NEXT.shop_COMMANDS") else { return true }
                    asked.change { $0 += 1 }
                    guard asked.value == 3 || asked.value == 5 else { return true }
                    client.hangUp()
                    return false
                }
            }
            defer { relay.stop() }
            let broker = self.broker(over: relay)
            let sent = (0..<3_000).map { command("guest-\($0 % 7)", $0) }
            _ = try await broker.publish(sent)
            var read: [LogRecord] = []
            try await broker.read(LogRange(.commands)) { records in
                read += records
                return true
            }
            #expect(read.map(\.command?.id) == sent.map(\.id))
            #expect(asked.value > 5)
        }
    }

    /// libnats takes the server's word that nobody listens out of the queue and says so instead of giving what is next.
    @Test func what_arrives_behind_the_word_that_nobody_listens_is_read_at_once() async throws {
        let server = try ScriptedServer { client, _ in
            client.serve()
            client.write(String(repeating: "HMSG news 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", count: 3) + "MSG news 1 5\r\nhello\r\n")
            client.wait()
        }
        let (link, reader) = try await connect(to: server)
        let deadline = ContinuousClock.now + .seconds(5)
        while reader.bodies.value.isEmpty, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        #expect(reader.bodies.value == ["hello"])
        #expect(reader.changes.value.contains(.unheard))
        await link.close()
        server.stop()
    }

    @Test func a_request_that_nobody_serves_ends_before_its_time_is_over() async throws {
        try await withServer { server in
            let configuration = NATSConfiguration(servers: [server.url], application: "shop", connectDeadline: .seconds(5))
            let link = try await Connector(configuration: configuration, clock: surroundings.clock).connect()
            guard case .noResponders = try await Requests(link: link).request("nobody.serves.this", within: .seconds(50)) else {
                throw SupportError("it did not end as what nobody serves")
            }
            await link.close()
        }
    }

    @Test func a_server_that_hangs_up_before_it_says_what_it_is_is_asked_again() async throws {
        let server = try ScriptedServer { client, number in if number > 2 { client.serve() } }
        defer { server.stop() }
        let url = "nats://127.0.0.1:\(server.port)"
        let configuration = NATSConfiguration(servers: [url], application: "shop", connectDeadline: .seconds(20))
        let connector = Connector(configuration: configuration, clock: surroundings.clock)
        let info = try await Setup(configuration: configuration, connector: connector, clock: surroundings.clock).serverInfo(url)
        #expect(info.version.description == "2.9.10")
    }

    @Test func what_is_asked_while_the_server_is_away_waits_for_it() async throws {
        try await withServer { server in
            let configuration = NATSConfiguration(servers: [server.url], application: "shop", connectDeadline: .seconds(5))
            let link = try await Connector(configuration: configuration, clock: surroundings.clock).connect()
            let requests = try Requests(link: link)
            let reader = Reader()
            _ = link.add(reader)
            await server.kill()
            while reader.changes.value.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            let start = ContinuousClock.now
            guard case .none = await requests.request("$JS.API.INFO", within: .milliseconds(300)) else {
                throw SupportError("a dead server has answered")
            }
            #expect(start.duration(to: .now) >= .milliseconds(300))
            try await server.restart()
            while reader.changes.value.last != .restored { try await Task.sleep(for: .milliseconds(1)) }
            guard case .body = await requests.request("$JS.API.INFO") else { throw SupportError("the server does not answer") }
            await link.close()
            // A closed link has nothing to wait for.
            guard case .none = await requests.request("$JS.API.INFO", within: .seconds(60)) else { throw SupportError("a closed link has answered") }
        }
    }
}

/// Keeps what it is told.
private final class Reader: LinkClient {
    let bodies = Shared<[String]>([])
    let changes = Shared<[LinkChange]>([])

    var reason: String {
        if case .lost(let reason)? = changes.value.first { return reason }
        return ""
    }

    func arrived(_ arrivals: inout [Arrival]) {
        for arrival in arrivals {
            let body = String(decoding: arrival.body, as: UTF8.self)
            bodies.change { $0.append(body) }
            Library.destroy(arrival.message)
        }
        arrivals.removeAll()
    }

    func changed(_ change: LinkChange) { changes.change { $0.append(change) } }
}

/// Does with each connection what the script says.
private final class ScriptedServer: Sendable {
    struct Client {
        let socket: Int32

        func write(_ text: String) {
            let bytes = Array(text.utf8)
            _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        /// Greets, answers pings, and returns when a subscription has come.
        func serve() { greet(until: "SUB ") }

        /// Greets, answers the ping that ends the greeting, and returns when something with `word` has come.
        func greet(until word: String = "PING") {
            write("INFO {\"server_id\":\"X\",\"version\":\"2.9.10\",\"proto\":1,\"headers\":true,\"max_payload\":1048576}\r\n")
            var text = ""
            while !text.contains(word) {
                let read = received()
                if read.isEmpty { return }
                text += read
                if read.contains("PING") { write("PONG\r\n") }
            }
        }

        /// Says `text` for whatever comes, until the client has gone.
        func echo(_ text: String) { while !received().isEmpty { write(text) } }

        func hangUp() { shutdown(socket, Int32(SHUT_RDWR)) }

        /// Returns when the client has gone.
        func wait() { while !received().isEmpty {} }

        /// Passes on what either side says, until one of them has gone, or `goesOn` says no to something of the client's: then nothing more comes through.
        func relay(to port: Int, while goesOn: @Sendable (String) -> Bool) {
            let server = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(server) }
            guard LoopbackPort.withAddress(port, { connect(server, $0, $1) }) == 0 else { return }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                var ready = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
                poll(&ready, 2, -1)
                for (from, to) in [(0, 1), (1, 0)] where ready[from].revents != 0 {
                    let count = recv(ready[from].fd, &bytes, bytes.count, 0)
                    guard count > 0 else { return }
                    if from == 0, !goesOn(String(decoding: bytes[..<count], as: UTF8.self)) { return wait() }
                    var sent = 0
                    while sent < count {
                        let step = bytes[sent..<count].withUnsafeBytes { send(ready[to].fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                        guard step > 0 else { return }
                        sent += step
                    }
                }
            }
        }

        private func received() -> String {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &bytes, bytes.count, 0)
            return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
        }
    }

    let port: Int
    /// How many connections there are.
    let open = Shared(0)
    private let listener: Int32

    init(_ script: @escaping @Sendable (Client, Int) -> Void) throws {
        port = try LoopbackPort.free()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let status = LoopbackPort.withAddress(port) { bind(listener, $0, $1) }
        try #require(status == 0 && listen(listener, 8) == 0)
        ForeignThread.start { [open] in
            var number = 0
            while true {
                let socket = accept(listener, nil, nil)
                guard socket >= 0 else {
                    // Here and not in `stop`: the next server's listener could bear the number while this thread still accepts on it.
                    close(listener)
                    return
                }
                number += 1
                open.change { $0 += 1 }
                ForeignThread.start { [number, open] in
                    script(Client(socket: socket), number)
                    close(socket)
                    open.change { $0 -= 1 }
                }
            }
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
}
#endif
