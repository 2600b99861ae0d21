import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// A connection whose bytes are decrypted before anything else sees them: the limits of requests, bodies and silence
/// hold for what is inside.
///
/// Hummingbird's own keeps the certificate that it began with; here each handshake takes the newest.
struct TLSServerChannel<Plain: ServerChildChannel>: ServerChildChannel {
    private let plain: Plain
    private let credentials: TLSCredentials

    init(_ plain: Plain, _ credentials: TLSCredentials) {
        self.plain = plain
        self.credentials = credentials
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Plain.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: credentials.context))
        }.flatMap {
            // The time for a request's head runs from here: a handshake takes none beyond it.
            plain.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Plain.Value, logger: Logger) async {
        await plain.handle(value: value, logger: logger)
    }
}
