// Counts are compared with their limits before anything is allocated for what is counted. The numbers are those of `proto/`. A record that is too
// short to hold that many (two bytes each at least) is not walked through.
extension WireCodec {
    func refuseCrowdedEnvelope(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        if bytes.count / 2 <= limits.metadataEntries { return }
        var metadata = 0
        RecordScan.fields(of: bytes) { if $0 == 20 { metadata += 1 } }
        guard metadata <= limits.metadataEntries else { throw tooMany(metadata, "envelope.metadata", limits.metadataEntries, "metadataEntries") }
    }

    func refuseCrowdedCommit(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        if bytes.count / 2 <= min(limits.eventsPerCommit, limits.decidedPerCommit, limits.recentPerCommit, limits.inputsPerCommit) { return }
        var (events, decided, recent, inputs) = (0, 0, 0, 0)
        RecordScan.fields(of: bytes) { number in
            switch number {
            case 5: events += 1
            case 6: decided += 1
            case 7: recent += 1
            case 8: inputs += 1
            default: break
            }
        }
        guard events <= limits.eventsPerCommit else { throw tooMany(events, "commit.events", limits.eventsPerCommit, "eventsPerCommit") }
        guard decided <= limits.decidedPerCommit else { throw tooMany(decided, "commit.decided", limits.decidedPerCommit, "decidedPerCommit") }
        guard recent <= limits.recentPerCommit else { throw tooMany(recent, "commit.recent", limits.recentPerCommit, "recentPerCommit") }
        guard inputs <= limits.inputsPerCommit else { throw tooMany(inputs, "commit.inputs", limits.inputsPerCommit, "inputsPerCommit") }
    }

    func refuseCrowdedTopology(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        if bytes.count / 2 <= limits.groups { return }
        var groups = 0
        RecordScan.fields(of: bytes) { if $0 == 3 { groups += 1 } }
        guard groups <= limits.groups else { throw tooMany(groups, "topology.groups", limits.groups, "groups") }
    }
}
