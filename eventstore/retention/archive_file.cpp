#include "eventstore/retention/archive_file.hpp"

#include "eventstore/retention/archive_place.hpp"
#include "stele_archive.pb.h"

#include <stele/eventstore/detail/file_sync.hpp>
#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/detail/write_documents.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace stele::inline v0::detail {
namespace {

constexpr const char* archive_kind = "archive";

}  // namespace

archive_file::archive_file(event_store& store, const retention_options& options)
    : store_(store),
      options_(options),
      file_(absolute_name(options.archive)),
      descriptor_(open_archive_file(file_, own_file_use::write_or_make, options.file_mode)) {
    lock();
    expect_in_place();
    archive_reader reader(descriptor_.get(), file_);
    const auto known = reader.header();
    if (!known) {
        begin();
        return;
    }
    id_ = *known;
    v1::Archive noted;
    const auto found = store_.find_document(archive_kind, id_.as_bytes());
    if (found && !parse_message(noted, found->value))
        throw error(error_kind::corrupt,
                    fmt::format("the store's note of the archive {} does not parse; nothing was changed; restore a "
                                "backup of the store, or give a new archive",
                                file_.string()));
    if (!found) {
        noted.set_bytes(reader.bytes());
        noted.set_sum(reader.sum().value());
    }
    read_on(reader, noted.bytes(), noted.sum());
    if (!found && !unremoved_.empty()) throw foreign("this store knows nothing of it");
    bytes_ = reader.bytes();
    sum_ = reader.sum();
    if (reader.torn_bytes() > 0 && ::ftruncate(descriptor_.get(), static_cast<off_t>(bytes_)) != 0)
        throw file_error(file_, "the incomplete line at the end of the archive cannot be cut off", errno);
    if (!found) write_note();
}

// Belongs to the open file, so two runs of one process exclude each other, too.
void archive_file::lock() const {
    struct flock all = {};
    all.l_type = F_WRLCK;
    all.l_whence = SEEK_SET;
    if (::fcntl(descriptor_.get(), F_OFD_SETLK, &all) == 0) return;
    if (errno != EAGAIN && errno != EACCES) throw file_error(file_, "the archive cannot be locked", errno);
    throw error(error_kind::busy,
                fmt::format("{}: another run is writing this archive; wait until it has ended", file_.string()));
}

void archive_file::begin() {
    if (::ftruncate(descriptor_.get(), 0) != 0) throw file_error(file_, "the archive cannot be begun", errno);
    id_ = uuid::v7();
    write(seal_line(header_of(id_), sum_));
    sync();
    sync_directory(file_.parent_path());
    write_note();
}

// Finds what was archived after the note.
void archive_file::read_on(archive_reader& reader, std::uint64_t noted_bytes, std::uint32_t noted_sum) {
    bool is_noted = reader.bytes() == noted_bytes && reader.sum().value() == noted_sum;
    while (const auto line = reader.next()) {
        if (is_noted) {
            const auto event = read_line(*line);
            if (!event) throw reader.damage();
            hold(*event);
        }
        is_noted = is_noted || (reader.bytes() == noted_bytes && reader.sum().value() == noted_sum);
    }
    if (!is_noted)
        throw error(error_kind::corrupt,
                    fmt::format("{}: the archive has {} bytes, and not the {} bytes that it had when its events were "
                                "removed from the store; nothing was changed; keep the file, and put a good copy in "
                                "its place if you have one; to go on without it, give a new archive",
                                file_.string(), reader.bytes(), noted_bytes));
}

void archive_file::hold(const owned_event& event) {
    auto& held = unremoved_[event.stream];
    if (!held.empty() && event.version <= held.back().version)
        throw error(error_kind::corrupt,
                    fmt::format("{}: the archive holds version {} of stream '{}' twice; nothing was changed; keep the "
                                "file, and give a new archive",
                                file_.string(), event.version.value, event.stream));
    held.push_back({event.version, event.id});
}

version archive_file::expect_same(const std::string& stream, const held_events& held) {
    const stream_id id{stream};
    const auto last = held.back().version;
    const auto found = store_.find_stream(id);
    if (found.state == stream_state::absent || (found.state == stream_state::live && found.version < last))
        throw foreign(
            fmt::format("it holds version {} of stream '{}', which this store has never had", last.value, stream));
    if (!found.first || found.first->version > last) return {};
    auto next = held.begin();
    for (const auto& event : store_.read_stream(id, {.up_to = last}).events()) {
        next = std::ranges::lower_bound(next, held.end(), event.version, {}, &held_event::version);
        if (next == held.end() || next->version != event.version)
            throw foreign(fmt::format("it holds version {} of stream '{}', but not version {}, which this store holds",
                                      last.value, stream, event.version.value));
        if (next->id != event.id)
            throw foreign(fmt::format("it holds other events of stream '{}' than this store", stream));
    }
    return last;
}

std::uint64_t archive_file::add(const stream_id& stream, version first, version last) {
    const auto held = unremoved_.find(stream.str());
    version after{first.value - 1};
    if (held != unremoved_.end()) after = std::max(after, held->second.back().version);
    if (after >= last) return 0;
    std::uint64_t count = 0;
    // What was changed must not be carried on: once it is archived, nothing says what it was.
    for (const event_batch& batch : store_.read_stream(stream, {.after = after, .up_to = last, .compare_leaves = true}))
        for (const recorded_event& event : batch) {
            const auto json = options_.archive_json ? options_.archive_json(event) : std::string{};
            write(seal_line(line_of(event, json), sum_));
            hold(owned_event(event));
            ++count;
        }
    return count;
}

void archive_file::write(std::string_view bytes) {
    constexpr std::size_t part = 1UL << 20;
    buffer_ += bytes;
    if (buffer_.size() >= part) flush();
}

void archive_file::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const auto written = ::pwrite(descriptor_.get(), rest.data(), rest.size(), static_cast<off_t>(bytes_));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw file_error(file_, "the archive cannot be written", errno);
        bytes_ += static_cast<std::uint64_t>(written);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
}

void archive_file::sync() {
    flush();
    if (::fsync(descriptor_.get()) != 0) throw file_error(file_, "the archive cannot be synced", errno);
    expect_in_place();
}

// Whoever looks for the events finds the file that has the name.
void archive_file::expect_in_place() const {
    struct stat open{};
    struct stat named{};
    if (::fstat(descriptor_.get(), &open) != 0) throw cannot_look(file_, errno);
    const bool is_there = ::lstat(file_.c_str(), &named) == 0;
    if (!is_there && !means_absent(errno)) throw cannot_look(file_, errno);
    if (is_there && open.st_dev == named.st_dev && open.st_ino == named.st_ino) return;
    throw error(error_kind::io,
                fmt::format("{}: the archive was moved, removed or replaced while it was being written; nothing more "
                            "was removed from the store; put it back, or give another name",
                            file_.string()));
}

void archive_file::note() {
    if (unremoved_.empty()) write_note();
}

void archive_file::write_note() {
    v1::Archive noted;
    noted.set_bytes(bytes_);
    noted.set_sum(sum_.value());
    noted.set_file(repair_utf8(file_.filename().string()));
    const document_write document{
        .kind = archive_kind, .key = std::string{id_.as_bytes()}, .value = noted.SerializeAsString()};
    write_documents(store_, {&document, 1});
}

error archive_file::foreign(std::string_view why) const {
    return {error_kind::other_store,
            fmt::format("{}: is the archive of another store, or this store was restored from an older backup: {}; "
                        "nothing was changed; keep the file, and give a new archive",
                        file_.string(), why)};
}

}  // namespace stele::inline v0::detail
