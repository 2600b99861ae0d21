import Testing

/// The real program as a child process, over real sockets.
///
/// One test after the other: each of them starts servers.
@Suite("The real program", .serialized, .timeLimit(.minutes(3))) enum EndToEndTests {}
