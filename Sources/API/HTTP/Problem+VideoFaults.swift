import HTTPTypes
import Sessions
import Videos

extension Problem {
    /// What is refused of video files, as HTTP says it.
    init(_ fault: VideoFault) {
        switch fault {
        case .noVideo(let id):
            self.init(
                status: .notFound, slug: "video-not-found", title: "There is no such video",
                detail: "No video has the id \(id).", field: "id")
        case .noDecoder:
            self.init(
                status: .notImplemented, slug: "no-decoder", title: "The server takes no video files",
                detail: "ffmpeg and ffprobe are not installed where the server runs. Frames can be sent one by one.")
        case .unsupported:
            self.init(
                status: .unsupportedMediaType, slug: "video-unsupported", title: "The file is of a kind not taken here",
                detail: "By its first bytes the file is neither MP4, MOV nor MKV.",
                extra: ["taken": .strings(["video/mp4", "video/quicktime", "video/x-matroska"])])
        case .empty:
            self.init(
                status: .unprocessableContent, slug: "video-empty", title: "The file is empty",
                detail: "A video file has at least a few bytes.")
        case .tooLarge(let limit): self = .tooLarge(limit)
        case .noSpace:
            self.init(
                status: .insufficientStorage, slug: "storage-full", title: "There is no room for the file",
                detail: "The server's disk is full, or what video files may take of it.", retryAfter: 60)
        case .offset(let expected):
            self.init(
                status: .conflict, slug: "upload-offset", title: "The upload goes on elsewhere",
                detail: "\(expected) bytes are here; what is sent has to go on there.", field: "Upload-Offset",
                extra: ["expected_offset": .int(expected)])
        case .tooLong(let length):
            self.init(
                status: .contentTooLarge, slug: "body-too-large", title: "The body is too large",
                detail: "The file was said to have \(length) bytes, and more came.",
                extra: ["limit_bytes": .int(length)])
        case .superseded:
            self.init(
                status: .conflict, slug: "upload-superseded", title: "Another request goes on with the upload",
                detail: "The upload was taken over, or given up. What came until then is kept where it was taken over.")
        case .complete:
            self.init(
                status: .conflict, slug: "upload-complete", title: "The file is here already",
                detail: "Nothing is left to be sent.")
        case .draining: self.init(SessionFault.draining)
        case .noOverlay(let reason):
            self.init(status: .notFound, slug: "no-overlay", title: "The video has no overlay", detail: reason)
        }
    }
}
