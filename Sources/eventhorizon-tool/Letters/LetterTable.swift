import EventHorizon
import EventHorizonRuntime
import EventHorizonWorkers

/// Letters as lines for a person; the reason, which may be long, comes last.
struct LetterTable: CustomStringConvertible {
    private var rows: [[String]]

    init(_ letters: [FiledLetter], hasHead: Bool = true) {
        rows = hasHead ? [["LETTER", "STATE", "STREAM", "TYPE", "ATTEMPTS", "LAST FAILED", "REASON"]] : []
        rows += letters.map { filed in
            [
                filed.id.description, filed.state.rawValue, filed.letter?.stream?.description ?? "-", filed.letter?.type ?? "-",
                filed.letter.map { "\($0.attempts)" } ?? "-", filed.letter?.lastFailedAt.rfc3339 ?? "-", filed.reason,
            ].map { $0.isEmpty ? "-" : $0.shown }
        }
    }

    var description: String {
        let columns = rows.first?.indices ?? 0..<0
        let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                column == row.count - 1 ? row[column] : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

extension FiledLetter {
    /// All of it, a line a thing.
    var details: String {
        var lines: [(String, String)] = [("letter", id.description), ("state", state.rawValue)]
        if let letter {
            lines += [
                ("stream", letter.stream?.description ?? "-"), ("type", letter.type.isEmpty ? "-" : letter.type), ("group", letter.group),
                ("reason", reason), ("attempts", "\(letter.attempts)"), ("first failed", letter.firstFailedAt.rfc3339),
                ("last failed", letter.lastFailedAt.rfc3339), ("worker", letter.worker), ("place", letter.place.written),
            ]
        } else {
            lines.append(("reason", reason))
        }
        if let message {
            lines += [
                ("message", message.id.description), ("correlation", message.correlation.description),
                ("causation", message.causation?.description ?? "-"), ("occurred", message.occurredAt.rfc3339),
            ]
            if let sender = message.sender { lines.append(("sender", "\(sender)")) }
            if !message.tenant.isEmpty { lines.append(("tenant", message.tenant)) }
            if !message.principal.isEmpty { lines.append(("principal", message.principal)) }
            for (name, value) in message.metadata.sorted(by: { $0.key < $1.key }) { lines.append(("metadata", "\(name)=\(value)")) }
            lines += [
                ("content type", message.payload.contentType), ("schema", "\(message.payload.schema)"),
                ("payload", message.payload.text ?? "0x" + message.payload.hex),
            ]
        } else if let record = letter?.record {
            lines.append(
                (
                    "record",
                    record.isEmpty ? "not kept: it lies at its place, or is gone" : "0x" + Payload(name: "", contentType: "", bytes: record).hex
                ))
        }
        return lines.map { name, value in name + String(repeating: " ", count: 14 - name.count) + value.shown }.joined(separator: "\n")
    }
}

extension String {
    /// On one line, and without what a terminal would take for an order.
    var shown: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
                    scalar.properties.generalCategory == .control ? Array(scalar.escaped(asASCII: true).unicodeScalars) : [scalar]
                }))
    }
}
