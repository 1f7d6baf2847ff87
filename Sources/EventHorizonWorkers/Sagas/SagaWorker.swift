public import EventHorizon
public import EventHorizonJSON

/// Runs sagas: a router reads events and sends each to the stream of the saga it concerns; there the saga reacts, one commit a step.
public struct SagaWorker: Worker {
    public var instruments: [any Instrument] = []
    public var settings = CommandSettings()
    private let sagas: [Served]
    private let broker: any Broker
    private let formats: [any PayloadFormat]

    private struct Served: Sendable {
        let name: String
        let problems: [String]
        let makeHandler: @Sendable ([any PayloadFormat], Surroundings) -> any CommandHandling
        let makeRouter: @Sendable ([any PayloadFormat], Surroundings) -> any SagaRouting
    }

    public init(_ saga: any Saga.Type, _ more: any Saga.Type..., broker: any Broker, payloads: [any PayloadFormat] = [.json]) {
        func served<S: Saga>(_: S.Type) -> Served {
            var problems = S.reads.problems
            if S.Timer.self != Never.self {
                problems.append("saga '\(S.name)' has timers, which this version does not run yet: leave out its Timer")
            }
            return Served(name: S.name, problems: problems) {
                SagaHandling<S>(formats: $0, surroundings: $1)
            } makeRouter: {
                SagaRouter<S>(formats: $0, surroundings: $1)
            }
        }
        sagas = ([saga] + more).map { served($0) }
        self.broker = broker
        formats = payloads
    }

    public func run() async throws {
        var problems = sagas.flatMap(\.problems) + settings.problems
        if Set(sagas.map(\.name)).count < sagas.count { problems.append("two sagas of one worker have one name: rename one") }
        if formats.isEmpty { problems.append("a saga worker needs a payload format: leave out 'payloads' for JSON") }
        guard problems.isEmpty else { throw Misconfiguration(problems) }
        let surroundings = broker.surroundings
        try await withThrowingTaskGroup(of: Void.self) { group in
            for saga in sagas {
                group.addTask {
                    try await serveCommands(of: Category(sagaNamed: saga.name), group: "saga.\(saga.name)", on: broker, settings, instruments) {
                        saga.makeHandler(formats, surroundings)
                    }
                }
                group.addTask {
                    let router = saga.makeRouter(formats, surroundings)
                    let name = "saga.\(saga.name).router"
                    let declaration = GroupDeclaration(name: name, log: .events, categories: router.categories, senders: [router.sagaCategory])
                    try await serve(declaration, of: broker, instruments) { member in
                        RouterLoop(
                            router: saga.makeRouter(formats, surroundings), failures: settings.failures, surroundings: surroundings, group: name,
                            instruments: instruments, member: member)
                    }
                }
            }
            // Not `waitForAll`, which waits for every group before it throws what ended one.
            while try await group.next() != nil {}
        }
    }
}
