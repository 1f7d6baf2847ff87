public import EventHorizon

extension MessageCatalog {
    /// Any message of this name.
    static func invent(_ name: Name, _ inventor: Inventor) throws -> Body {
        try Body(from: NameDecoder(of: Body.self, name: name.rawValue, InventingDecoder(inventor: inventor, path: "")))
    }

    /// What is on the wire, one line for each name: `guestlist.v1.InviteCreated {age: int?, list: string, name: string}`, then the older names that
    /// are still read. Commit these lines, and let a test say what a change would break.
    ///
    /// - Throws: An error that names the field and the remedy where no value of a type can be made up.
    public static func contract() throws -> [String] {
        let catalog = Body.catalog
        var lines = try Name.allCases.map { name in
            let inventor = Inventor(seed: 1)
            _ = try invent(name, inventor)
            let fields = inventor.shape.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
            let schema = catalog.schema(of: name.rawValue)
            let contentType = catalog.payloads[name.rawValue]?.contentType ?? catalog.formats[name.rawValue]?.contentType
            return name.rawValue + (schema == 1 ? "" : " schema \(schema)") + (contentType.map { " \($0)" } ?? "") + " {\(fields)}"
        }
        lines += catalog.aliases.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.rawValue)" }
        for (old, upcasters) in catalog.upcasters.sorted(by: { $0.key < $1.key }) {
            lines += upcasters.map { "\(old)" + ($0.schema.map { " schema \($0)" } ?? "") + " is still read" }
        }
        return lines
    }
}
