import EventHorizonRuntime
import GuestListScenario

@main struct Main {
    static func main() async {
        await runClient("guestlist") { configuration in
            let scenario = GuestListScenario(broker: try configuration.broker(), readModel: try configuration.readModel())
            for line in try await scenario.run() { print(line) }
        }
    }
}
