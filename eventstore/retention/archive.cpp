#include "eventstore/retention/archive_place.hpp"
#include "eventstore/retention/archive_reader.hpp"

#include <stele/eventstore/retention/archive.hpp>

#include <fmt/format.h>

#include <map>
#include <memory>

namespace stele::inline v0 {
namespace {

/// An archive that is open to be read.
struct open_archive {
    explicit open_archive(const std::filesystem::path& file)
        : descriptor(detail::open_archive_file(file, detail::own_file_use::read)), reader(descriptor.get(), file) {
        if (const auto found = reader.header()) id = *found;
    }

    std::optional<owned_event> next() {
        const auto line = reader.next();
        if (!line) return std::nullopt;
        auto event = detail::read_line(*line);
        if (!event) throw reader.damage();
        return event;
    }

    detail::descriptor_owner descriptor;
    detail::archive_reader reader;
    uuid id;
};

}  // namespace

event_range read_archive(const std::filesystem::path& file) {
    return event_range([archive = std::make_unique<open_archive>(file)](event_batch& batch) {
        constexpr std::size_t batch_events = 512;
        constexpr std::size_t batch_bytes = 4UL << 20;
        while (batch.size() < batch_events && batch.size_bytes() < batch_bytes) {
            const auto event = archive->next();
            if (!event) return;
            batch.add(event->view());
        }
    });
}

archive_info verify_archive(const std::filesystem::path& file) {
    open_archive archive(file);
    archive_info info{.id = archive.id};
    std::map<std::string, version, std::less<>> last;
    while (const auto event = archive.next()) {
        auto& reached = last[event->stream];
        if (event->version <= reached) throw archive.reader.damage();
        reached = event->version;
        ++info.events;
    }
    info.streams = last.size();
    info.bytes = archive.reader.bytes();
    info.torn_bytes = archive.reader.torn_bytes();
    return info;
}

}  // namespace stele::inline v0
