#include "projections/memory/memory_snapshot.hpp"

#include "stele_memory_snapshot.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/file_sync.hpp>
#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace stele::inline v0::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "stele snapshot 1\n";

/// An open file, closed by the destructor.
class descriptor {
public:
    descriptor(const fs::path& file, own_file_use use, fs::perms mode = fs::perms::none)
        : file_(file), number_(open_own_file(file, use, mode)) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() { ::close(number_); }

    void write(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto written = ::write(number_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) throw file_error(file_, "cannot be written", errno);
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    [[nodiscard]] std::string read_all() const {
        std::string bytes;
        std::array<char, 65536> part{};
        while (true) {
            const auto size = ::read(number_, part.data(), part.size());
            if (size < 0 && errno == EINTR) continue;
            if (size < 0) throw file_error(file_, "cannot be read", errno);
            if (size == 0) return bytes;
            bytes.append(part.data(), static_cast<std::size_t>(size));
        }
    }
    void sync() const {
        if (::fsync(number_) != 0) throw file_error(file_, "cannot be synced", errno);
    }

private:
    const fs::path& file_;
    int number_;
};

// Removes what was not written to its end: it would keep the space that was missing.
class unlink_unless_kept {
public:
    explicit unlink_unless_kept(const fs::path& file) : file_(file) {}
    unlink_unless_kept(const unlink_unless_kept&) = delete;
    unlink_unless_kept& operator=(const unlink_unless_kept&) = delete;
    ~unlink_unless_kept() {
        if (!kept_) ::unlink(file_.c_str());
    }
    void keep() { kept_ = true; }

private:
    const fs::path& file_;
    bool kept_ = false;
};

progress progress_of(const v1::MemorySnapshot& saved) {
    progress now{.checkpoint = {stored_number(saved.checkpoint(), "its checkpoint")},
                 .last_seen = {{stored_number(saved.witness(), "the position of its last event")},
                               {},
                               timestamp{timestamp::duration{saved.witness_recorded_at()}}},
                 .seen = stored_number(saved.seen(), "the number of events seen"),
                 .applied = stored_number(saved.applied(), "the number of events applied"),
                 .ignored = stored_number(saved.ignored(), "the number of events ignored")};
    std::ranges::copy_n(saved.witness_id().begin(),
                        static_cast<std::ptrdiff_t>(std::min(saved.witness_id().size(), now.last_seen.id.bytes.size())),
                        reinterpret_cast<char*>(now.last_seen.id.bytes.data()));
    return now;
}

}  // namespace

void write_snapshot(const fs::path& file, const snapshot_functions& functions, const google::protobuf::Message& state,
                    const progress& now, fs::perms mode) {
    v1::MemorySnapshot saved;
    saved.set_fingerprint(std::string{functions.fingerprint.as_bytes()});
    saved.set_checkpoint(now.checkpoint.value);
    saved.set_witness(now.last_seen.position.value);
    saved.set_witness_id(std::string{now.last_seen.id.as_bytes()});
    saved.set_witness_recorded_at(now.last_seen.recorded_at.time_since_epoch().count());
    saved.set_seen(now.seen);
    saved.set_applied(now.applied);
    saved.set_ignored(now.ignored);
    saved.set_state(encode_event(state, {}).payload);
    if (saved.ByteSizeLong() > INT_MAX)
        throw error{error_kind::invalid_argument,
                    fmt::format("{}: the state takes more than 2 GiB; take no snapshots of it", file.string())};
    const auto content = saved.SerializeAsString();

    auto fresh = file;
    fresh += ".new";
    expect_regular_or_absent(file);
    // A process that was killed may have left one. It is removed, not truncated: it may have further names.
    if (detail::is_regular_file(fresh)) ::unlink(fresh.c_str());
    {
        const descriptor out{fresh, own_file_use::write_new, rights_of(file, mode)};
        unlink_unless_kept unfinished{fresh};
        out.write(magic);
        const auto digest = uuid::v5({}, content);
        out.write(digest.as_bytes());
        out.write(content);
        out.sync();
        unfinished.keep();
    }
    std::error_code failure;
    fs::rename(fresh, file, failure);
    if (failure) throw file_error(file, "cannot be replaced", failure.value());
    // A rename survives a power cut only once its directory is synced.
    sync_directory(file.parent_path());
}

std::optional<saved_state> read_snapshot(const fs::path& file, const snapshot_functions& functions) {
    if (!is_there(file)) return {};
    const auto bytes = descriptor{file, own_file_use::read}.read_all();
    const auto corrupt = [&] {
        return error{error_kind::corrupt, fmt::format("its {} bytes are damaged", bytes.size())};
    };
    std::string_view rest = bytes;
    constexpr auto head = magic.size() + sizeof(uuid::bytes);
    if (rest.size() < head || !rest.starts_with(magic)) throw corrupt();
    const auto digest = rest.substr(magic.size(), sizeof(uuid::bytes));
    rest.remove_prefix(head);
    v1::MemorySnapshot saved;
    const auto expected = uuid::v5({}, rest);
    if (digest != expected.as_bytes() || !parse_message(saved, rest)) throw corrupt();
    if (saved.fingerprint() != functions.fingerprint.as_bytes())
        throw error{error_kind::needs_rebuild,
                    "it was written by another version of the projection, or with other messages or events"};
    saved_state result{std::unique_ptr<google::protobuf::Message>{functions.prototype->New()}, progress_of(saved)};
    if (!parse_message(*result.state, saved.state())) throw corrupt();
    return result;
}

}  // namespace stele::inline v0::detail
