/// A command that a saga sends, with the way it is written: its type is known only where the effect was made.
package struct Outgoing: Sendable, Equatable {
    package let category: Category
    package let aggregate: String
    package let command: any Message
    package let encode: @Sendable (any PayloadFormat) throws -> Payload

    init<Target: CommandTarget>(_: Target.Type, _ aggregate: String, _ command: Target.Command) {
        category = Category(Target.category)
        self.aggregate = aggregate
        self.command = command
        encode = { try Target.Command.catalog.encode(command, format: $0) }
    }

    package static func == (a: Self, b: Self) -> Bool {
        func equal<M: Message>(_ command: M) -> Bool { command == b.command as? M }
        return a.category == b.category && a.aggregate == b.aggregate && equal(a.command)
    }
}
