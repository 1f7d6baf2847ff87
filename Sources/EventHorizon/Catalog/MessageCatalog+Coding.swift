extension MessageCatalog {
    /// The durable name of a message, without its payload.
    /// - Throws: `PayloadError.unnamed` where its Codable is written by hand.
    public static func name(of body: Body) throws -> String {
        let encoder = NameEncoder(of: Body.self, writingTo: nil)
        do { try body.encode(to: encoder) } catch is NameEncoder.Stop {}
        return try encoder.name
    }

    /// Writes a message in its own format, or in `format`.
    /// - Throws: `PayloadError.unnamed` where its Codable is written by hand, or what the format throws.
    public func encode(_ body: Body, format: any PayloadFormat) throws -> Payload {
        var format = format
        if !payloads.isEmpty || !formats.isEmpty {
            let name = try Self.name(of: body)
            if let rule = payloads[name] {
                return Payload(name: name, schema: schema(of: name), contentType: rule.contentType, bytes: try rule.encode(body))
            }
            format = formats[name] ?? format
        }
        var name = ""
        let bytes = try format.encode { inner in
            let encoder = NameEncoder(of: Body.self, writingTo: inner)
            try body.encode(to: encoder)
            name = try encoder.name
        }
        return Payload(name: name, schema: schema(of: name), contentType: format.contentType, bytes: bytes)
    }

    /// Appends what a payload says today: one message; for an older one none, one or many.
    /// - Throws: `PayloadError`, or what the format or an upcaster throws; then nothing is appended.
    public func decode(_ payload: Payload, formats others: [any PayloadFormat], into bodies: inout [Body]) throws {
        guard lists(payload.name) else { throw PayloadError.unlisted(name: payload.name) }
        let name = aliases[payload.name]?.rawValue ?? payload.name
        func format() throws -> any PayloadFormat {
            if let own = formats[name], own.contentType == payload.contentType { return own }
            guard let format = others.first(where: { $0.contentType == payload.contentType }) else {
                throw PayloadError.contentType(payload.contentType, name: payload.name)
            }
            return format
        }
        if let older = upcasters[name]?.first(where: { payload.schema <= $0.schema ?? .max }) {
            bodies += try older.upcast(payload, format)
            return
        }
        let known = schema(of: name)
        if payload.schema > known { throw PayloadError.future(name: name, schema: payload.schema, known: known) }
        if let rule = payloads[name], rule.contentType == payload.contentType {
            bodies.append(try rule.decode(payload.bytes))
            return
        }
        bodies.append(try format().decode(payload.bytes) { try Body(from: NameDecoder(of: Body.self, name: name, $0)) })
    }
}
