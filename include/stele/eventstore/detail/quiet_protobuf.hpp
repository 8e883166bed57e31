#pragma once

namespace stele::inline v0::detail {

/// While one exists, what Protobuf would print is discarded, if its cause is on this thread. What went wrong is in the
/// result of the call, so nothing is lost.
///
/// Protobuf knows one log handler for the whole program. Ours is set before main() and passes on what comes from
/// elsewhere to the one that it found; a program that sets its own later gets everything.
class quiet_protobuf {
public:
    quiet_protobuf() noexcept;
    quiet_protobuf(const quiet_protobuf&) = delete;
    quiet_protobuf& operator=(const quiet_protobuf&) = delete;
    ~quiet_protobuf();
};

}  // namespace stele::inline v0::detail
