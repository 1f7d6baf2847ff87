import EventHorizonRuntime
import EventHorizonWorkers
import GuestList

@main struct Main {
    static func main() async {
        await runWorker("guestlist-command-handler") { configuration in
            CommandHandlerWorker(Invitation.self, broker: try configuration.broker())
        }
    }
}
