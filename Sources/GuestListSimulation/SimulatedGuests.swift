internal import EventHorizon
internal import EventHorizonHistory
internal import EventHorizonJSON
internal import EventHorizonMemory
internal import EventHorizonTesting
internal import EventHorizonWorkers
internal import GuestList

/// The clients: guests who answer their invitations, each in order, with repeats under the same id. What they sent and were told is kept.
struct SimulatedGuests: Sendable {
    let lists: Int
    let guestsPerList: Int
    let seed: UInt64
    let sent: SentLog
    let poison: Poison

    func run(on broker: MemoryBroker) async {
        await withTaskGroup(of: Void.self) { group in
            for list in 0..<lists {
                for guest in 0..<guestsPerList {
                    group.addTask {
                        let isPoison = poison.victim != nil && list == 0 && guest == 0
                        var client = Client(
                            guest: Invitation.ID("guest-\(list)-\(guest)\(isPoison ? Poison.mark : "")"), poison: isPoison ? poison : nil,
                            list: "list-\(list)", broker: broker, sent: sent,
                            random: SeededGenerator(seed: seed &+ UInt64(1 + list * 100 + guest) &* 0x9E37_79B9))
                        await client.run()
                    }
                }
            }
            await group.waitForAll()
        }
    }
}

private struct Client {
    let guest: Invitation.ID
    /// Of the one guest whose commands fail until it is mended.
    let poison: Poison?
    let list: String
    let broker: MemoryBroker
    let sent: SentLog
    var random: SeededGenerator
    var earlier: [(id: MessageID, command: Invitation.Command)] = []

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private mutating func draw(percent: Int) -> Bool { below(100) < percent }

    mutating func run() async {
        await pause(upTo: 3_000)
        let create = Invitation.Command.create(list: list, name: "\(guest)", age: draw(percent: 50) ? 20 + below(60) : nil)
        let answer: Invitation.Command = draw(percent: 80) ? .accept : .decline
        var script = [create]
        // Some are heard twice, and some answer before they are asked.
        if draw(percent: 15) { script.insert(.accept, at: 0) }
        if draw(percent: 30) { script.append(create) }
        script.append(answer)
        for _ in 0..<below(4) { script.append(draw(percent: 60) ? answer : .accept) }
        if draw(percent: 40) { script.append(.decline) }

        while !script.isEmpty {
            if draw(percent: 70) { await pause(upTo: draw(percent: 20) ? 3_000 : 300) }
            let count = draw(percent: 25) ? min(script.count, 2 + below(2)) : 1
            let commands = script[..<count].map { (id: broker.surroundings.makeID(), command: $0) }
            script.removeFirst(count)
            if count > 1 { await send(commands) } else { await send(commands[0], asks: draw(percent: 30)) }
            earlier += commands
            // A client that did not hear sends again under the same id: at once, or when it has sent others since.
            while draw(percent: 20) {
                let again = earlier[below(earlier.count)]
                await send(again, asks: draw(percent: 50))
            }
            if let poison {
                if draw(percent: 30) { poison.mend() }
                // While others are sent, and before the mend too.
                if draw(percent: 30) { _ = await release(within: .milliseconds(below(2) * 3_000 + 1)) }
            }
        }
        guard let poison else { return }
        await pause(upTo: 5_000)
        poison.mend()
        while await !release(within: .seconds(20)) {}
    }

    /// Whether the guest is known to be released.
    private func release(within limit: Duration) async -> Bool {
        let id = broker.surroundings.makeID()
        // Not one of the guest's own: it is told before what is parked is decided.
        sent.willSend(id, to: stream, "eventhorizon.v1.Release", by: "operator")
        do {
            try await CommandPublisher(broker: broker).release(stream, id: id, within: limit)
            sent.acknowledged(id, told: .init(outcome: .released))
            return true
        } catch let error as StillParked {
            let reason = Payload(name: "eventhorizon.v1.StillParked", contentType: "text/plain", bytes: Array(error.reason.utf8))
            sent.acknowledged(id, told: .init(outcome: .rejected(reason)))
        } catch {
            // Indefinite.
        }
        return false
    }

    private mutating func pause(upTo milliseconds: Int) async {
        let clock = broker.surroundings.clock
        await clock.sleep(until: clock.now + .milliseconds(below(milliseconds) + 1))
    }

    private var stream: StreamID { StreamID(Category(Invitation.category), guest.description) }
    private func name(_ command: Invitation.Command) -> String { (try? MessageCatalog.name(of: command)) ?? "" }

    /// Several in one call, each with an id of its own.
    private func send(_ commands: [(id: MessageID, command: Invitation.Command)]) async {
        sent.willSend(commands.map { ($0.id, name($0.command)) }, to: stream, by: guest.description)
        do {
            let envelopes = try commands.map { try envelope($0.command, $0.id) }
            for (command, result) in zip(commands, try await broker.publish(envelopes)) {
                switch result {
                case .stored: sent.acknowledged(command.id)
                case .refused(let reason): sent.refused(command.id, reason)
                }
            }
        } catch {
            // Indefinite, which they are until something else is known.
        }
    }

    private func envelope(_ command: Invitation.Command, _ id: MessageID) throws -> Envelope {
        Envelope(
            id: id, kind: .command, stream: stream, payload: try Invitation.Command.catalog.encode(command, format: JSONFormat()), correlation: id,
            occurredAt: broker.surroundings.clock.time)
    }

    private func send(_ entry: (id: MessageID, command: Invitation.Command), asks: Bool) async {
        let (id, command) = entry
        sent.willSend(id, to: stream, name(command), by: guest.description)
        let commands = CommandPublisher(broker: broker)
        let context = CommandContext(id: id)
        do {
            guard asks else {
                try await commands.send(command, to: guest, context: context)
                return sent.acknowledged(id)
            }
            // No answer in time says nothing: asked again, under the same id.
            for _ in 0..<3 {
                do {
                    return sent.acknowledged(id, told: try await ask(commands, command, context))
                } catch let error as BrokerError where error.code == .deadlineExceeded {}
            }
        } catch CommandError.refused(let reason) {
            sent.refused(id, reason)
        } catch {
            // Indefinite.
        }
    }

    private func ask(_ commands: CommandPublisher, _ command: Invitation.Command, _ context: CommandContext) async throws -> SentCommand.Told {
        do {
            switch try await commands.ask(command, to: guest, within: .seconds(5), context: context) {
            case .accepted(let receipt): return .init(outcome: .accepted(versions: receipt.versions), place: receipt.place)
            case .rejected(let rejection):
                let format = JSONFormat()
                let bytes = try format.encode { try rejection.encode(to: $0) }
                return .init(outcome: .rejected(Payload(name: "\(Invitation.category).Rejection", contentType: format.contentType, bytes: bytes)))
            }
        } catch CommandError.deadLettered(let reason) {
            return .init(outcome: .deadLettered(reason: reason))
        } catch CommandError.parked(let letter, let reason) {
            return .init(outcome: .parked(letter: letter, reason: reason))
        }
    }
}
