import EventHorizonRuntime
import EventHorizonWorkers
import GuestList

@main struct Main {
    static func main() async {
        await runWorker("guestlist-saga") { configuration in
            SagaWorker(Seating.self, broker: try configuration.broker())
        }
    }
}
