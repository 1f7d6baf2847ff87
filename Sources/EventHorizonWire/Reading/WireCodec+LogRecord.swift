public import EventHorizon

extension WireCodec {
    /// What a record of a log says, for whoever reads logs as they lie: bytes that cannot be read are said to be just that.
    public func content(of record: UnsafeRawBufferPointer, in log: Log) -> LogRecord.Content {
        do throws(WireError) {
            switch log {
            case .commands: return .command(try decodeEnvelope(record))
            case .events: return .commit(try decodeCommit(record))
            case .deadLetters:
                let letter = try decodeDeadLetter(record)
                return .letter(letter, message: letter.record.isEmpty ? nil : letter.record.withUnsafeBytes { try? decodeEnvelope($0) })
            }
        } catch {
            return .undecodable(bytes: [UInt8](record), reason: error.description)
        }
    }
}
