/// A command of a saga that its aggregate rejected.
public struct RejectedEffect: Sendable {
    private enum Content: Sendable {
        case values(command: any Message, rejection: any Error & Codable)
        case payloads(command: Payload, rejection: Payload, formats: [any PayloadFormat])
    }
    private let category: Category
    private let content: Content

    package init(category: Category, command: any Message, rejection: any Error & Codable) {
        self.category = category
        content = .values(command: command, rejection: rejection)
    }

    /// As the log holds it; read only if the saga asks.
    package init(category: Category, command: Payload, rejection: Payload, formats: [any PayloadFormat]) {
        self.category = category
        content = .payloads(command: command, rejection: rejection, formats: formats)
    }

    /// The command and the rejection, if it was sent to an aggregate of this type and this build can read both.
    public func from<Target: CommandTarget>(_: Target.Type) -> (command: Target.Command, rejection: Target.Rejection)? {
        guard category == Category(Target.category) else { return nil }
        switch content {
        case .values(let command, let rejection):
            guard let command = command as? Target.Command, let rejection = rejection as? Target.Rejection else { return nil }
            return (command, rejection)
        case .payloads(let command, let rejection, let formats):
            var commands: [Target.Command] = []
            guard let format = formats.first(where: { $0.contentType == rejection.contentType }),
                (try? Target.Command.catalog.decode(command, formats: formats, into: &commands)) != nil, let command = commands.first,
                let rejection = try? format.decode(rejection.bytes, { try Target.Rejection(from: $0) })
            else { return nil }
            return (command, rejection)
        }
    }
}
