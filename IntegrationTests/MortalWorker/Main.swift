import EventHorizonRuntime
import EventHorizonWorkers
import Mortal

@main struct Main {
    static func main() async {
        await runWorker("mortal-worker") { configuration in
            CommandHandlerWorker(Mortal.self, broker: try configuration.broker())
        }
    }
}
