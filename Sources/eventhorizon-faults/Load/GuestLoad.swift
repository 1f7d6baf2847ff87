import EventHorizon
import EventHorizonHistory
import EventHorizonJSON
import EventHorizonWorkers
import GuestList
import Synchronization

/// The load of fault runs: lists of ten guests, about five commands a guest, so many guests at once. Each guest is a client of its
/// own, which sends in order.
final class GuestLoad: Sendable {
    private static let guestsPerList = 10

    private let seed: UInt64
    private let commands: CommandPublisher
    private let broker: any Broker
    private let sent: SentLog
    private let pacer: Pacer
    /// Some are repeated later than this, when the broker has forgotten them; nil: none.
    private let duplicateWindow: Duration?
    private let nextGuest = Atomic(0)
    private let isStopped = Atomic(false)

    init(seed: UInt64, broker: any Broker, rate: Int, duplicateWindow: Duration?, sent: SentLog) {
        self.duplicateWindow = duplicateWindow
        self.seed = seed
        self.broker = broker
        commands = CommandPublisher(broker: broker)
        self.sent = sent
        pacer = Pacer(perSecond: rate)
    }

    /// Each guest stops before its next command.
    func stop() { isStopped.store(true, ordering: .relaxed) }
    private var goesOn: Bool { !isStopped.load(ordering: .relaxed) && !Task.isCancelled }

    /// Returns when every guest has stopped.
    func run(guests: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<guests {
                group.addTask {
                    while self.goesOn { await self.guest(self.nextGuest.add(1, ordering: .relaxed).oldValue) }
                }
            }
        }
    }

    private func guest(_ number: Int) async {
        var random = SeededRandom(seed: seed, part: UInt64(number) + 1_000)
        let guest = Invitation.ID("guest-\(number)")
        let list = "list-\(number / Self.guestsPerList)"
        let accepts = random.draw(percent: 85)
        var script: [Invitation.Command] = [.create(list: list, name: "Guest \(number)", age: random.draw(percent: 50) ? 20 + random.below(60) : nil)]
        // Some are heard twice, and some answer before they are asked.
        if random.draw(percent: 10) { script.insert(.accept, at: 0) }
        if random.draw(percent: 40) { script.append(script[script.count - 1]) }
        script.append(accepts ? .accept : .decline)
        if random.draw(percent: 60) { script.append(accepts ? .accept : .decline) }
        if random.draw(percent: 60) { script.append(accepts ? .decline : .accept) }
        var earlier: [(MessageID, Invitation.Command)] = []
        // Some send all that they have to say in one call, which keeps its order.
        if random.draw(percent: 25) {
            for _ in script { await pacer.turn() }
            guard goesOn else { return }
            earlier = script.map { (broker.surroundings.makeID(), $0) }
            await send(earlier, to: guest)
            script = []
        }
        for command in script {
            await pacer.turn()
            guard goesOn else { return }
            let id = broker.surroundings.makeID()
            await send(command, id, to: guest, asks: random.draw(percent: 20))
            earlier.append((id, command))
            // A client that did not hear sends again under the same id: at once, or when it has sent others since.
            if random.draw(percent: 8), let (id, command) = random.pick(earlier.suffix(3)) {
                await pacer.turn()
                guard goesOn else { return }
                await send(command, id, to: guest, asks: random.draw(percent: 50))
            }
        }
        if let duplicateWindow, random.draw(percent: 15), let (id, command) = random.pick(earlier) {
            try? await Task.sleep(for: duplicateWindow + random.duration(100...2_000))
            await pacer.turn()
            guard goesOn else { return }
            await send(command, id, to: guest, asks: random.draw(percent: 50))
        }
    }

    private func send(_ command: Invitation.Command, _ id: MessageID, to guest: Invitation.ID, asks: Bool) async {
        let name = (try? MessageCatalog.name(of: command)) ?? ""
        sent.willSend(id, to: StreamID(Category(Invitation.category), guest.description), name, by: guest.description)
        let context = CommandContext(id: id)
        do {
            if asks {
                // No answer in time says nothing: asked again, under the same id.
                for _ in 0..<4 {
                    do {
                        try await ask(command, to: guest, context)
                        return
                    } catch let error as BrokerError where error.code == .deadlineExceeded {
                        guard goesOn else { return }
                    }
                }
            } else {
                try await commands.send(command, to: guest, context: context)
                sent.acknowledged(id)
            }
        } catch CommandError.refused(let reason) {
            sent.refused(id, reason)
        } catch {
            // Indefinite, which it is until something else is known.
        }
    }

    private func send(_ commands: [(id: MessageID, command: Invitation.Command)], to guest: Invitation.ID) async {
        let stream = StreamID(Category(Invitation.category), guest.description)
        let format = JSONFormat()
        let envelopes = commands.compactMap { id, command -> Envelope? in
            guard let payload = try? Invitation.Command.catalog.encode(command, format: format) else { return nil }
            return Envelope(
                id: id, kind: .command, stream: stream, payload: payload, correlation: id, occurredAt: broker.surroundings.clock.time)
        }
        sent.willSend(envelopes.map { ($0.id, $0.payload.name) }, to: stream, by: guest.description)
        guard let results = try? await broker.publish(envelopes) else { return }
        for (result, envelope) in zip(results, envelopes) {
            switch result {
            case .stored: sent.acknowledged(envelope.id)
            case .refused(let reason): sent.refused(envelope.id, reason)
            }
        }
    }

    private func ask(_ command: Invitation.Command, to guest: Invitation.ID, _ context: CommandContext) async throws {
        guard let id = context.id else { return }
        do {
            switch try await commands.ask(command, to: guest, within: .seconds(5), context: context) {
            case .accepted(let receipt):
                sent.acknowledged(id, told: .init(outcome: .accepted(versions: receipt.versions), place: receipt.place))
            case .rejected(let rejection):
                let format = JSONFormat()
                let bytes = try format.encode { try rejection.encode(to: $0) }
                let payload = Payload(name: "\(Invitation.category).Rejection", contentType: format.contentType, bytes: bytes)
                sent.acknowledged(id, told: .init(outcome: .rejected(payload)))
            }
        } catch CommandError.deadLettered(let reason) {
            sent.acknowledged(id, told: .init(outcome: .deadLettered(reason: reason)))
        } catch CommandError.parked(let letter, let reason) {
            sent.acknowledged(id, told: .init(outcome: .parked(letter: letter, reason: reason)))
        }
    }
}
