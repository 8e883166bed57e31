#include <stele/eventstore/event_batch.hpp>

#include <algorithm>
#include <cstring>

namespace stele::inline v0 {

char* event_batch::allocate(std::size_t size) {
    constexpr std::size_t chunk_size = 64UL << 10;
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < size) {
        ++chunk_;
        used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
        const auto wanted = std::max(size, chunk_size);
        chunks_.push_back({std::make_unique_for_overwrite<char[]>(wanted), wanted});
    }
    char* const place = chunks_[chunk_].data.get() + used_;
    used_ += size;
    return place;
}

void event_batch::add(const recorded_event& event) {
    const auto size = event.stream.size() + event.type.size() + event.payload.size() + event.metadata.size();
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
                       .metadata = copy(event.metadata)});
    size_bytes_ += size;
}

void event_batch::clear() noexcept {
    events_.clear();
    chunk_ = used_ = size_bytes_ = 0;
}

}  // namespace stele::inline v0
