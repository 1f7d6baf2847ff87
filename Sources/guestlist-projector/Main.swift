import EventHorizonRuntime
import EventHorizonWorkers
import GuestList

@main struct Main {
    static func main() async {
        await runWorker("guestlist-projector") { configuration in
            ProjectorWorker(InvitationTable(), GuestListTable(), into: try configuration.readModel(), broker: try configuration.broker())
        }
    }
}
