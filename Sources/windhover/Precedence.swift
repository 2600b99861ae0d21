import Foundation

/// How much of the processor this program claims beside others.
enum Precedence {
    /// `SCHED_BATCH` of sched.h, which Swift's Glibc does not show.
    private static let batch: Int32 = 3

    /// Gives a server on the same machine precedence; to be called before there is a second thread, which inherits it.
    ///
    /// On Linux URLSession keeps a processor busy while it waits for the answer to an upload: libcurl stops asking
    /// whether it may write, Foundation goes on listening for it. Nothing can be done about that from outside, but the
    /// time need not be the server's: threads of batch work interrupt nobody. (Being nice does not last: libdispatch
    /// gives its threads a niceness of its own.)
    static func yieldToServer() {
        #if os(Linux)
            var parameters = sched_param()
            sched_setscheduler(0, batch, &parameters)
        #endif
    }
}
