import EventHorizon
import EventHorizonRuntime
import EventHorizonWorkers

private let which = "Which letters"
private let how = "How"

extension ConfigurationKey<LetterID> {
    static var letter: Self { Self("letter", .letter, section: which, "The letter of this name: partition and position in the dead-letter log.") }
}

extension ConfigurationKey<String> {
    static var reason: Self { Self("reason", .text("TEXT"), section: which, "Letters whose reason contains this text.") }
    static var type: Self { Self("type", .text("NAME"), section: which, "Letters about messages of this type, such as guestlist.v1.AcceptInvite.") }
    static var group: Self { Self("group", .text("NAME"), section: which, "Letters that workers of this group gave up.") }
}

extension ConfigurationKey<StreamID> {
    static var stream: Self {
        Self(
            "stream",
            ConfigurationType(
                placeholder: "CATEGORY/ID", expectation: "an aggregate's category and id, such as guestlist.v1.Invitation/athena",
                parse: { text in
                    guard let slash = text.firstIndex(of: "/"), slash > text.startIndex, text.index(after: slash) < text.endIndex else { return nil }
                    return StreamID(Category(String(text[..<slash])), String(text[text.index(after: slash)...]))
                }, format: { $0.description }),
            section: which, "Letters of this aggregate; of a saga, saga.NAME/KEY.")
    }
}

extension ConfigurationKey<LetterState> {
    static var state: Self { Self("state", .choice, section: which, "Letters that this has become of.") }
}

extension ConfigurationKey<Bool> {
    static var all: Self { Self("all", .onOff, default: false, section: which, "Every parked letter, where nothing else says which.") }
    static var json: Self { Self("json", .onOff, default: false, section: how, "Print JSON, an object a line, for scripts.") }
}

extension ConfigurationKey<Duration> {
    static var within: Self {
        Self(
            "within", .duration(in: .milliseconds(100) ... .seconds(3600)), default: .seconds(30), section: how,
            "How long to wait for each aggregate. What is not answered by then may be done all the same.")
    }
}

extension LetterFilter {
    static var keys: [any ConfigurationDeclaration] {
        [ConfigurationKey.letter, ConfigurationKey.stream, ConfigurationKey.reason, ConfigurationKey.type, ConfigurationKey.group]
    }

    init(_ configuration: Configuration) throws {
        self.init(
            id: try configuration.valueIfSet(for: .letter), reason: try configuration.valueIfSet(for: .reason),
            stream: try configuration.valueIfSet(for: .stream), type: try configuration.valueIfSet(for: .type),
            group: try configuration.valueIfSet(for: .group))
    }
}
