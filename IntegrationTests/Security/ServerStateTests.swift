import EventHorizon
import EventHorizonWorkers
import GuestList
import ServerSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct ServerStateTests {
    @Test func a_server_without_jetstream_is_told() async throws {
        try await withServer("authorization { user: alice, password: \"s3cr3t-pass\" }", arguments: ["-js=false"]) { server in
            let message = try await refusal(["--broker", "nats://alice:s3cr3t-pass@127.0.0.1:\(server.port)"])
            #expect(message.contains("the NATS server at nats://...@127.0.0.1:\(server.port) runs without JetStream: start it with `-js`"))
        }
    }

    @Test func a_server_that_is_not_there_is_told_after_the_connect_deadline() async throws {
        let port = try LoopbackPort.free()
        for program in ["guestlist-command-handler", "guestlist"] {
            let message = try await refusal(["--broker", "nats://alice:s3cr3t-pass@127.0.0.1:\(port)"], of: program)
            #expect(message.contains("no NATS server answers at nats://...@127.0.0.1:\(port) ("))
            #expect(message.contains("start one with `nats-server -js`, or mend --broker"))
        }
    }

    /// Within 5 s: pings go out each second, and the fourth without an answer ends the connection. The rest of the limit is a busy machine's.
    @Test(arguments: [false, true]) func readiness_goes_off_while_the_server_stands_still_and_comes_back(hasWork: Bool) async throws {
        try await withServer("") { server in
            let worker = try await Worker(["--broker", server.url])
            let client = try Client(server.url)
            try await client.invite("athena")
            let work = Task {
                var number = 0
                while hasWork, !Task.isCancelled {
                    number += 1
                    let guests: [(command: Invitation.Command, id: Invitation.ID)] = (0..<500).map {
                        (.create(list: "many", name: "guest", age: nil), Invitation.ID("guest-\(number)-\($0)"))
                    }
                    do {
                        try await client.commands.send(contentsOf: guests)
                    } catch where Task.isCancelled {
                        return
                    }
                }
            }
            if hasWork { try await client.invite("hermes") }
            server.pause()
            let off = try await worker.becomes(ready: false, within: .seconds(8))
            server.resume()
            let on = try await worker.becomes(ready: true, within: .seconds(8))
            work.cancel()
            try await work.value
            StandardError.write("readiness went off after \(off) and on after \(on)\(hasWork ? ", with work in flight" : "")")
            try await client.invite("zeus")
            try await worker.end()
        }
    }
}
