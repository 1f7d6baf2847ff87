#if NATS
import EventHorizon
import EventHorizonWire

extension OwnershipRecord {
    var attempt: Attempt? {
        get { trying.map { Attempt(position: $0, number: attempts) } }
        set {
            trying = newValue?.position
            attempts = newValue?.number ?? 0
        }
    }
}
#endif
