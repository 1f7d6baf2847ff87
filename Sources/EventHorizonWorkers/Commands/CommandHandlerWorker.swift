public import EventHorizon
public import EventHorizonJSON

/// Decides commands: runs aggregates on a broker. Start as many as there is work; the group of each category splits the partitions between its members.
public struct CommandHandlerWorker: Worker {
    public var instruments: [any Instrument] = []
    public var settings = CommandSettings()
    let aggregates: [Served]
    let broker: any Broker
    let formats: [any PayloadFormat]

    struct Served: Sendable {
        let category: Category
        let problems: [String]
        let makeHandler: @Sendable ([any PayloadFormat], Surroundings) -> any CommandHandling
        let makeTest: @Sendable ([any PayloadFormat]) -> any LetterTest
    }

    /// - Parameters:
    ///   - aggregate: an aggregate whose commands are decided.
    ///   - more: others, each a group of its own.
    ///   - broker: where the logs are.
    ///   - payloads: the formats that payloads are read in; the first is the one they are written in, where the catalog names no other.
    public init(_ aggregate: any Aggregate.Type, _ more: any Aggregate.Type..., broker: any Broker, payloads: [any PayloadFormat] = [.json]) {
        func served<A: Aggregate>(_: A.Type) -> Served {
            Served(category: Category(A.category), problems: MessageCatalog<A.Command>.problems + MessageCatalog<A.Event>.problems) {
                AggregateHandling<A>(formats: $0, surroundings: $1)
            } makeTest: {
                AggregateLetterTest<A>(formats: $0)
            }
        }
        aggregates = ([aggregate] + more).map { served($0) }
        self.broker = broker
        formats = payloads
    }

    public func run() async throws {
        var problems = aggregates.flatMap(\.problems) + settings.problems
        if Set(aggregates.map(\.category)).count < aggregates.count {
            problems.append("an aggregate type is given twice to one command handler: give each once")
        }
        if formats.isEmpty { problems.append("a command handler needs a payload format: leave out 'payloads' for JSON") }
        guard problems.isEmpty else { throw Misconfiguration(problems) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for aggregate in aggregates {
                group.addTask {
                    try await serveCommands(of: aggregate.category, group: "commands.\(aggregate.category)", on: broker, settings, instruments) {
                        aggregate.makeHandler(formats, broker.surroundings)
                    }
                }
            }
            // Not `waitForAll`, which waits for every group before it throws what ended one.
            while try await group.next() != nil {}
        }
    }
}

/// One category's command loop in its group.
func serveCommands(
    of category: Category, group: String, on broker: any Broker, _ settings: CommandSettings, _ instruments: [any Instrument],
    _ makeHandler: @escaping @Sendable () -> any CommandHandling
) async throws {
    try await serve(GroupDeclaration(name: group, log: .commands, categories: [category]), of: broker, instruments) { member in
        CommandLoop(
            handler: makeHandler(), settings: settings, surroundings: broker.surroundings, group: group, instruments: instruments, member: member)
    }
}
