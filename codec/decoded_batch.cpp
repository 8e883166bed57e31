#include <stele/codec/detail/decoded_batch.hpp>

namespace stele::inline v0::detail {
namespace {

// There are as many messages as events in a batch, and each would keep the memory of the largest event it ever held.
constexpr std::size_t kept_message_bytes = 2UL * 1024;

}  // namespace

void decoded_batch::decode(const event_batch& events) {
    decoded_.clear();
    large_.clear();
    for (auto& kept : messages_) kept.used = 0;
    for (const recorded_event& event : events) {
        auto& next = decoded_.emplace_back();
        const auto entry = table_->find(event);
        if (!entry) continue;
        next.handle = (*table_)[*entry].handle;
        if (next.handle == nullptr) continue;
        try {
            next.event = parse(event, *entry);
        } catch (...) {
            next.failure = std::current_exception();
        }
    }
}

const google::protobuf::Message* decoded_batch::parse(const recorded_event& event, std::size_t entry) {
    const auto make = [&] { return std::unique_ptr<message>{(*table_)[entry].prototype->New()}; };
    if (event.payload.size() > kept_message_bytes) {
        auto& made = large_.emplace_back(make());
        parse_event(event, *made);
        return made.get();
    }
    auto& kept = messages_[entry];
    if (kept.used == kept.all.size()) kept.all.push_back(make());
    auto& next = *kept.all[kept.used++];
    parse_event(event, next);
    return &next;
}

bool decoded_batch::handle(std::size_t index, const recorded_event& event, void* context) const {
    const auto& next = decoded_[index];
    if (next.failure) std::rethrow_exception(next.failure);
    if (next.handle == nullptr) return false;
    next.handle(context, *next.event, event);
    return true;
}

}  // namespace stele::inline v0::detail
