/// Which events a projector or a saga reads, and the value that each becomes.
///
///     static let reads = Events(of: Invitation.self)                       // Input is Recorded<Invitation>
///     static let reads = Events(of: Invitation.self, only: .accepted)      // the others are skipped undecoded
///     static let reads = Events(Input.invitation, Input.order)             // an enum with a case per aggregate
public struct Events<Input: Sendable>: Sendable {
    package struct Route: Sendable {
        package let names: Set<String>
        package let problems: [String]
        package let decode: @Sendable (Envelope, _ version: Int, [any PayloadFormat], inout [Input]) throws -> Void
    }
    package private(set) var routes: [Category: Route] = [:]
    private var repeated: [String] = []

    public init<Source: EventSource>(of source: Source.Type) where Input == Recorded<Source> { add(Source.self, only: nil) { $0 } }

    public init<Source: EventSource>(of source: Source.Type, only name: Source.Event.CodingKeys, _ names: Source.Event.CodingKeys...)
    where Input == Recorded<Source> {
        add(Source.self, only: [name] + names) { $0 }
    }

    public init<each Source: EventSource>(_ cases: repeat @escaping @Sendable (Recorded<each Source>) -> Input) {
        for wrap in repeat each cases { add(wrap) }
    }

    /// Of this source only the named events: the others are skipped undecoded.
    public func only<Source: EventSource>(_ names: Source.Event.CodingKeys..., of source: Source.Type) -> Self {
        var narrowed = self
        guard let route = routes[Category(Source.category)] else { return self }
        narrowed.routes[Category(Source.category)] = Route(
            names: Source.Event.catalog.names(readAs: names), problems: route.problems, decode: route.decode)
        return narrowed
    }

    private mutating func add<Source: EventSource>(_ wrap: @escaping @Sendable (Recorded<Source>) -> Input) { add(Source.self, only: nil, wrap) }

    private mutating func add<Source: EventSource>(
        _: Source.Type, only names: [Source.Event.CodingKeys]?, _ wrap: @escaping @Sendable (Recorded<Source>) -> Input
    ) {
        let catalog = Source.Event.catalog
        if routes[Category(Source.category)] != nil { repeated.append(Source.category) }
        routes[Category(Source.category)] = Route(
            names: catalog.names(readAs: names ?? Array(Source.Event.CodingKeys.allCases)), problems: MessageCatalog<Source.Event>.problems
        ) { event, version, formats, inputs in
            var bodies: [Source.Event] = []
            try catalog.decode(event.payload, formats: formats, into: &bodies)
            let id = AggregateID<Source>(event.stream.aggregate)
            for body in bodies { inputs.append(wrap(Recorded(body, of: id, version: version, time: event.occurredAt))) }
        }
    }

    package var categories: Set<Category> { Set(routes.keys) }

    /// What is wrong with the names of what is read, in sentences.
    package var problems: [String] {
        repeated.map { "'\($0)' is read twice: give each aggregate one case of the input" } + routes.values.flatMap(\.problems).sorted()
    }

    /// Decodes what is listed; false: skipped, undecoded.
    package func decode(_ event: Envelope, version: Int, formats: [any PayloadFormat], into inputs: inout [Input]) throws -> Bool {
        guard let route = routes[event.stream.category], route.names.contains(event.payload.name) else { return false }
        try route.decode(event, version, formats, &inputs)
        return true
    }
}

extension MessageCatalog {
    /// These names and every older one that may become one of them.
    package func names(readAs current: [Name]) -> Set<String> {
        var names = Set(current.map(\.rawValue))
        for (old, name) in aliases where current.contains(name) { names.insert(old) }
        for old in upcasters.keys where Name(rawValue: old) == nil { names.insert(old) }
        return names
    }
}
