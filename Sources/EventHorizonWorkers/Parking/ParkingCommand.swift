internal import EventHorizon

/// What a parked stream can be told: a command to it like any other, in its order, which its worker and not its aggregate takes.
enum ParkingCommand: Equatable {
    /// Handles the stream's letters in order, then what came behind them.
    case release
    /// Gives letters up for good: those of these commands; every one where there is none.
    case drop([MessageID])

    private static let releaseName = "eventhorizon.v1.Release"
    private static let dropName = "eventhorizon.v1.Drop"

    init?(_ payload: Payload) {
        switch payload.name {
        case Self.releaseName: self = .release
        case Self.dropName:
            guard payload.bytes.count % 16 == 0 else { return nil }
            self = .drop(stride(from: 0, to: payload.bytes.count, by: 16).compactMap { MessageID(bytes: payload.bytes[$0..<$0 + 16]) })
        default: return nil
        }
    }

    var payload: Payload {
        switch self {
        case .release: Payload(name: Self.releaseName, contentType: "", bytes: [])
        case .drop(let ids): Payload(name: Self.dropName, contentType: "application/octet-stream", bytes: ids.flatMap(\.bytes))
        }
    }
}
