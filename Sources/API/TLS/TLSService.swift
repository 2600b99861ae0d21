import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// Takes a renewed certificate without a restart: within two seconds, or at SIGHUP.
struct TLSService: Service {
    let credentials: TLSCredentials
    let trapsSignal: Bool
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                if trapsSignal {
                    group.addTask {
                        for await _ in await UnixSignalsSequence(trapping: .sighup) { reload(always: true) }
                    }
                }
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(2))
                    reload()
                }
                group.cancelAll()
            }
        }
    }

    private func reload(always: Bool = false) {
        do {
            if try credentials.reload(always: always) { logger.notice("the certificate was read again") }
        } catch {
            logger.error("the certificate stays as it was", metadata: ["error": "\(error)"])
        }
    }
}
