#if NATS
import EventHorizon

/// A stream as the application needs it, and the check of one that exists.
struct StreamSetup: Sendable {
    var name: String
    var subjects: String
    var isBucket = false
    var refusesDeletion = false
    var refusesPurge = false

    static func all(_ names: Names) -> [(Log?, StreamSetup)] {
        [
            (.commands, StreamSetup(name: names.stream(.commands), subjects: names.subjects(.commands))),
            // Events are the truth: nothing of the stream's own may remove one.
            (.events, StreamSetup(name: names.stream(.events), subjects: names.subjects(.events), refusesDeletion: true, refusesPurge: true)),
            (.deadLetters, StreamSetup(name: names.stream(.deadLetters), subjects: names.subjects(.deadLetters))),
            (nil, StreamSetup(name: names.bucketStream, subjects: names.bucketSubjects, isBucket: true)),
        ]
    }

    func creation(_ configuration: NATSConfiguration) -> String {
        // A stream limits its duplicate window to its maximum age, which is none here.
        let window = max(100_000_000, configuration.duplicateWindow.nanoseconds)
        return """
            {"name":\(JSONValue.quoted(name)),"subjects":[\(JSONValue.quoted(subjects))],"retention":"limits","storage":"file","discard":"new",\
            "max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":\(isBucket ? 1 : -1),"max_msg_size":-1,\
            "num_replicas":\(configuration.replicas),"duplicate_window":\(window),"allow_direct":true,"allow_rollup_hdrs":\(isBucket),\
            "deny_delete":\(refusesDeletion || isBucket),"deny_purge":\(refusesPurge)}
            """
    }

    /// What a person has to mend in a stream that exists; nil where it will do.
    func problem(in config: JSONValue) -> String? {
        func differs(_ what: String, _ value: String, _ wanted: String) -> String {
            "the stream '\(name)' has \(what) \(value) where \(wanted) is needed: mend it with `nats stream edit`, or name another application"
        }
        let found = config["subjects"]?.strings ?? []
        if found != [subjects] { return differs("the subjects", found.joined(separator: ", "), subjects) }
        if let retention = config["retention"]?.string, retention != "limits" { return differs("the retention", retention, "'limits'") }
        if let storage = config["storage"]?.string, storage != "file" { return differs("the storage", storage, "'file'") }
        for limit in ["max_msgs", "max_bytes", "max_age"] {
            if let value = config[limit]?.integer, value > 0 {
                if limit == "max_bytes", config["discard"]?.string == "new" { continue }
                if limit == "max_msgs", config["discard"]?.string == "new" { continue }
                return differs("the limit \(limit)", String(value), "none (it would drop what nobody has read)")
            }
        }
        let perSubject = config["max_msgs_per_subject"]?.integer ?? -1
        if isBucket ? perSubject != 1 : perSubject > 0 { return differs("max_msgs_per_subject", String(perSubject), isBucket ? "1" : "none") }
        return nil
    }
}
#endif
