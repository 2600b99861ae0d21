import ArgumentParser
import Webhooks

/// Which addresses webhooks may have.
struct WebhookOptions: ParsableArguments {
    @Option(
        help: """
            An address, range (10.0.0.0/8) or host name that webhooks may call although it is not public; may be given \
            several times.
            """)
    var webhookAllow: [String] = []

    func validate() throws { _ = try policy }

    var policy: TargetPolicy {
        get throws {
            do {
                return try TargetPolicy(allowing: webhookAllow)
            } catch {
                throw ValidationError("--webhook-allow: \(error)")
            }
        }
    }
}
