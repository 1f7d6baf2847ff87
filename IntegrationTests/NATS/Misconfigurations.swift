#if NATS
import EventHorizon
import ServerSupport
import Testing

@testable import EventHorizonNATS

/// What a person must mend is said in a sentence, and soon.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct Misconfigurations {
    private func problem(_ configuration: NATSConfiguration) async -> String {
        do {
            _ = try await NATSBroker(configuration, surroundings: surroundings).publish([command("a")])
            return "none"
        } catch let misconfiguration as Misconfiguration {
            return misconfiguration.description
        } catch { return "not a misconfiguration: \(error)" }
    }

    @Test func no_server_is_waited_for_until_the_deadline() async throws {
        let port = try LoopbackPort.free()
        let start = surroundings.clock.now
        let said = await problem(NATSConfiguration(servers: ["nats://127.0.0.1:\(port)"], application: "shop", connectDeadline: .milliseconds(500)))
        #expect(said.contains("127.0.0.1:\(port)") && said.contains("start one"))
        #expect(surroundings.clock.now - start > .milliseconds(300))
    }

    @Test func a_server_that_comes_late_is_waited_for() async throws {
        let port = try LoopbackPort.free()
        async let said = problem(NATSConfiguration(servers: ["nats://127.0.0.1:\(port)"], application: "shop"))
        let server = try await NATSServer.start(port: port)
        #expect(await said == "none")
        await server.stop()
    }

    @Test func wrong_credentials_are_named_at_once() async throws {
        try await withServer(arguments: ["--user", "eve", "--pass", "apple"]) { server in
            var configuration = NATSConfiguration(servers: [server.url], application: "shop")
            #expect(await problem(configuration).contains("asks who this is"))
            configuration.user = "eve"
            configuration.password = "pear"
            #expect(await problem(configuration).contains("refuses the user 'eve'"))
            configuration.password = "apple"
            #expect(await problem(configuration) == "none")
        }
    }

    @Test(arguments: ["", "a.b", "a b", "*", "ü", String(repeating: "a", count: 65)])
    func an_application_whose_name_is_none_is_refused(_ name: String) async throws {
        #expect(await problem(NATSConfiguration(application: name)).contains("no name for an application"))
    }

    @Test func a_stream_of_another_shape_is_refused() async throws {
        try await withServer { server in
            let other = broker(server, application: "other")
            let requests = try await other.open().requests
            for (application, extra, word) in [
                ("work", "\"retention\":\"workqueue\"", "retention"), ("ram", "\"storage\":\"memory\"", "storage"),
                ("age", "\"max_age\":1000000000", "max_age"),
            ] {
                let stream = "\(application)_EVENTS"
                _ = await requests.request(
                    "$JS.API.STREAM.CREATE.\(stream)", "{\"name\":\"\(stream)\",\"subjects\":[\"\(application).evt.>\"],\(extra)}")
                let said = await problem(NATSConfiguration(servers: [server.url], application: application))
                #expect(said.contains(word) && said.contains(stream), "\(said)")
            }
            let stream = "subject_EVENTS"
            _ = await requests.request("$JS.API.STREAM.CREATE.\(stream)", "{\"name\":\"\(stream)\",\"subjects\":[\"subject.evt.1.>\"]}")
            #expect(await problem(NATSConfiguration(servers: [server.url], application: "subject")).contains("subject.evt.1.>"))
        }
    }

    @Test func a_stream_whose_subjects_another_has_is_refused() async throws {
        try await withServer { server in
            let other = broker(server, application: "other")
            let requests = try await other.open().requests
            _ = await requests.request("$JS.API.STREAM.CREATE.foreign", "{\"name\":\"foreign\",\"subjects\":[\"taken.evt.>\"]}")
            let said = await problem(NATSConfiguration(servers: [server.url], application: "taken"))
            #expect(said.contains("another stream") && said.contains("taken_EVENTS"), "\(said)")
        }
    }

    /// A server may find the stream that somebody else is creating to overlap with itself.
    @Test func workers_that_start_at_once_create_the_streams_together() async throws {
        try await withServer { server in
            for round in 0..<10 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<12 { group.addTask { _ = try await broker(server, application: "many\(round)").publish([command("a")]) } }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func a_log_that_was_created_anew_is_refused() async throws {
        try await withServer { server in
            let first = broker(server)
            _ = try await first.publish([command("a")])
            _ = try await first.open().requests.request("$JS.API.STREAM.DELETE.shop_COMMANDS")
            #expect(await problem(NATSConfiguration(servers: [server.url], application: "shop")).contains("created anew"))
        }
    }

    @Test func more_replicas_than_the_server_has_are_refused() async throws {
        try await withServer { server in
            let said = await problem(NATSConfiguration(servers: [server.url], application: "shop", replicas: 3))
            #expect(said.contains("replicas"), "\(said)")
        }
    }

    @Test func a_server_without_jetstream_is_refused() async throws {
        let port = try LoopbackPort.free()
        guard case .program(let path, _) = try NATSServer.findProgram() else { return }
        let process = try ChildProcess(path, ["-a", "127.0.0.1", "-p", "\(port)"])
        #expect(await problem(NATSConfiguration(servers: ["nats://127.0.0.1:\(port)"], application: "shop")).contains("without JetStream"))
        await process.kill()
    }

    @Test func events_cannot_be_deleted_or_purged() async throws {
        try await withServer { server in
            let broker = broker(server)
            _ = try await broker.publish([command("a")])
            let requests = try await broker.open().requests
            for (api, body) in [("STREAM.PURGE.shop_EVENTS", ""), ("STREAM.MSG.DELETE.shop_EVENTS", "{\"seq\":1}")] {
                guard case .body(let answer) = await requests.request("$JS.API.\(api)", body) else { Issue.record("no answer"); continue }
                #expect(answer.withUnsafeBytes { APIError(in: $0) } != nil)
            }
        }
    }

    @Test func settled_commands_are_trimmed_and_others_kept() async throws {
        try await withServer { server in
            let broker = NATSBroker(
                NATSConfiguration(servers: [server.url], application: "shop", partitionCount: 1, leaseTime: .seconds(2), trimming: .on),
                surroundings: surroundings)
            let other: EventHorizon.Category = "guestlist.v1.Other"
            _ = try await broker.publish((0..<300).map { command("a\($0)", category: $0 % 3 == 0 ? other : invitations) })
            let ready = try await broker.open()
            try await broker.withMember(of: handlers()) { member in
                var handled = 0
                try await serve(member) { turn, outcome in
                    for delivery in turn.deliveries {
                        handled += 1
                        if handled <= 150 { outcome.progress.append((0, delivery.position)) }
                    }
                    return handled == 200
                }
                // Two thirds of the commands are of the group's category: the first 150 of them may go, in slices with rests between.
                let deadline = soon()
                var left = 300
                while left > 150, surroundings.clock.now < deadline {
                    guard case .body(let body) = await ready.requests.request("$JS.API.STREAM.INFO.shop_COMMANDS") else { continue }
                    left = Int(JSONValue(body)?["state"]?["messages"]?.integer ?? 0)
                    await surroundings.clock.sleep(until: surroundings.clock.now + .milliseconds(20))
                }
                #expect(left == 150)
            }
            // Nothing that is not settled is gone.
            try await broker.withMember(of: handlers("others", categories: [other])) { member in
                var handled = 0
                try await serve(member) { turn, _ in
                    handled += turn.deliveries.count
                    return handled == 100
                }
            }
            try await broker.withMember(of: handlers()) { member in
                var handled = 0
                try await serve(member) { turn, _ in
                    handled += turn.deliveries.count
                    return handled == 50
                }
            }
        }
    }
}
#endif
