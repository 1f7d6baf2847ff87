import EventHorizonRuntime

@main struct Main {
    static func main() async {
        await runClient("eventhorizon", commands: [.listLetters, .showLetter, .releaseLetters, .dropLetters])
    }
}
