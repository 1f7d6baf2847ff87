import ServerSupport
import Testing

/// What a way does to a nats-server's greeting, and that it does so no more when it is mended.
@Suite(.enabled(if: (try? Toxiproxy.findProgram()) != nil, "there is no toxiproxy-server on PATH, and none is named in TOXIPROXY_SERVER"))
struct ToxiproxyTests {
    private func greets(_ way: Toxiproxy.Way) -> Bool { LoopbackPort.greets(way.port, with: "INFO {") }

    @Test func a_way_leads_to_its_server_and_can_be_cut_reset_and_closed() async throws {
        let server = try await NATSServer.start()
        let proxy = try await Toxiproxy.start()
        let way = try proxy.way("a", to: server.port)
        let other = try proxy.way("b", to: server.port)
        #expect(greets(way))

        for toxic in [Toxiproxy.Toxic.silence(.downstream), .reset] {
            let name = try way.add(toxic)
            #expect(!greets(way), "\(toxic)")
            #expect(greets(other), "\(toxic)")
            try way.end(toxic: name)
            #expect(greets(way), "\(toxic)")
        }
        // The server speaks first: what it says comes through.
        let name = try way.add(.silence(.upstream))
        #expect(greets(way))
        try way.end(toxic: name)

        try way.set(open: false)
        #expect(!greets(way))
        try way.set(open: true)
        #expect(greets(way))
        await proxy.stop()
        await server.stop()
    }

    @Test func what_is_slow_arrives_late() async throws {
        let server = try await NATSServer.start()
        let proxy = try await Toxiproxy.start()
        let way = try proxy.way("a", to: server.port)
        // Longer than a greeting is waited for.
        let name = try way.add(.latency(.downstream, .seconds(2), jitter: .zero))
        #expect(!greets(way))
        try way.end(toxic: name)
        let narrow = try way.add(.bandwidth(.downstream, 500))
        #expect(greets(way))
        try way.end(toxic: narrow)
        await proxy.stop()
        await server.stop()
    }

    @Test func a_toxic_that_is_not_there_is_told_with_the_proxys_words() async throws {
        let proxy = try await Toxiproxy.start()
        let way = try proxy.way("a", to: 4222)
        let error = #expect(throws: SupportError.self) { try way.end(toxic: "nothing") }
        #expect(error?.description.contains("toxic not found") == true)
        await proxy.stop()
    }
}
