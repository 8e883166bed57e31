#include <stele/eventstore/event_batch.hpp>

#include <algorithm>
#include <cstring>

namespace stele::inline v0 {

// The chunks before `chunk_` are full, those after it are free. A free chunk is either used again or given back: each
// is too small for what follows in the next one, so together they have less than twice the bytes of the events.
char* event_batch::allocate(std::size_t size) {
    constexpr std::size_t chunk_size = 64UL << 10;
    if (chunk_ == chunks_.size() || chunks_[chunk_].size - used_ < size) {
        if (used_ > 0) ++chunk_;
        used_ = 0;
        const auto free = chunks_.begin() + static_cast<std::ptrdiff_t>(chunk_);
        const auto fits = std::find_if(free, chunks_.end(), [size](const chunk& each) { return each.size >= size; });
        if (fits != chunks_.end()) {
            std::iter_swap(free, fits);
        } else {
            chunks_.erase(free, chunks_.end());
            const auto wanted = std::max(size, chunk_size);
            chunks_.push_back({std::make_unique_for_overwrite<char[]>(wanted), wanted});
        }
    }
    char* const place = chunks_[chunk_].data.get() + used_;
    used_ += size;
    return place;
}

void event_batch::add(const recorded_event& event) {
    const auto size = event.stream.size() + event.type.size() + event.payload.size() + event.metadata.size() +
                      event.tags.text().size() + event.added_tags.text().size();
    char* place = allocate(size);
    const auto copy = [&place](std::string_view text) {
        if (!text.empty()) std::memcpy(place, text.data(), text.size());
        const std::string_view kept(place, text.size());
        place += text.size();
        return kept;
    };
    events_.push_back({.position = event.position,
                       .version = event.version,
                       .recorded_at = event.recorded_at,
                       .id = event.id,
                       .stream = copy(event.stream),
                       .type = copy(event.type),
                       .payload = copy(event.payload),
                       .metadata = copy(event.metadata),
                       .content = event.content,
                       .foreign_metadata = event.foreign_metadata,
                       .tags = tags_view{copy(event.tags.text())},
                       .added_tags = tags_view{copy(event.added_tags.text())}});
    size_bytes_ += size;
}

void event_batch::clear() noexcept {
    events_.clear();
    chunk_ = used_ = size_bytes_ = 0;
}

}  // namespace stele::inline v0
