extension PayloadFormat {
    /// The state of a saga, or a snapshot, as an older build wrote it: what the payload lacks is taken from `initial`.
    public func decodeState<State: Codable & SendableMetatype>(_ type: State.Type, initial: State, from payload: [UInt8]) throws -> State {
        let fresh = try encode { try initial.encode(to: $0) }
        return try decode(payload) { primary in try decode(fresh) { fallback in try State(from: DefaultingDecoder(primary, else: fallback)) } }
    }
}
