import EventHorizonRuntime

/// A JSON object on one line. What is absent is null.
struct JSONLine {
    private var members = ""

    var text: String { "{\(members)}" }

    mutating func add(_ name: String, _ value: String?) {
        begin(name)
        if let value { members.appendJSON(value) } else { members += "null" }
    }

    mutating func add(_ name: String, _ value: Int?) {
        begin(name)
        members += value.map { "\($0)" } ?? "null"
    }

    mutating func add(_ name: String, _ value: JSONLine?) {
        begin(name)
        members += value?.text ?? "null"
    }

    private mutating func begin(_ name: String) {
        if !members.isEmpty { members += "," }
        members.appendJSON(name)
        members += ":"
    }
}
