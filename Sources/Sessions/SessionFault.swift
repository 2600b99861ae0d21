/// Why a session did not do what was asked.
///
/// The API turns each into a problem document.
package enum SessionFault: Error, Equatable {
    case noSession(id: String)
    case noModel(name: String, known: [String])
    /// The model has no first stage to tell how long a prediction can be carried along.
    case noAdaptiveCadence(model: String)
    case ended(reason: String, lastSequence: Int?)
    case idle(reason: String, lastSequence: Int?)
    /// The number has a frame with other bytes.
    case frameConflict(sequence: Int)
    case outOfOrder(expected: Int)
    /// The key has been used for other bytes.
    case keyReused(key: String)
    case queueFull(limit: Int)
    /// The frame gave way to newer ones.
    case dropped
    /// Too many frames wait in the whole server.
    case overloaded
    case draining
    case stateCapacity(needed: Int, budget: Int, used: Int)
    case undecodable(code: String, message: String)
    case inference(message: String)
    case storage(full: Bool, message: String)
    /// More waits to be stored than the store keeps in memory.
    case storeBusy

    /// The disk guard refuses what is new, before the disk itself does.
    static let diskFull = SessionFault.storage(full: true, message: "too little room is left on the disk")
}
