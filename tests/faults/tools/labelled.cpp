#include "faults/tools/labelled.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace {

// splitmix64, to make random-looking bytes of a label
std::uint64_t mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

std::uint64_t hash_of(const event_label& label) {
    const auto& [round, writer, number] = label.append;
    return mix(mix(std::uint64_t{round} << 32 | number) ^
               (std::uint64_t{writer} << 48 | std::uint64_t{label.index} << 32 | std::uint64_t{label.count} << 16 |
                label.size_class));
}

std::uint8_t* put(std::uint8_t* at, std::uint64_t value, int bytes) {
    while (bytes-- > 0) *at++ = static_cast<std::uint8_t>(value >> (8 * bytes));
    return at;
}

template <class Integer>
const std::uint8_t* take(const std::uint8_t* at, Integer& value) {
    value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = static_cast<Integer>(value << 8 | *at++);
    return at;
}

std::string bytes_from(std::uint64_t seed, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; i += sizeof seed) {
        seed = mix(seed);
        std::memcpy(bytes.data() + i, &seed, std::min(sizeof seed, size - i));
    }
    return bytes;
}

}  // namespace

std::string to_string(const append_key& key) {
    return fmt::format("append {}/{}/{}", key.round, key.writer, key.number);
}

std::size_t payload_bytes(std::uint8_t size_class) {
    static constexpr std::array<std::size_t, size_class_count> sizes = {0,     24,     200,     1'000,
                                                                        5'000, 20'000, 100'000, 4'200'000};
    return sizes.at(size_class);
}

stele::uuid to_id(const event_label& label) {
    stele::uuid id;
    auto* at = put(id.bytes.data(), label.append.round, 4);
    at = put(at, label.append.writer, 2);
    at = put(at, label.append.number, 4);
    at = put(at, label.index, 2);
    at = put(at, label.count, 2);
    at = put(at, label.size_class, 1);
    put(at, hash_of(label), 1);
    return id;
}

std::optional<event_label> label_of(const stele::uuid& id) {
    if (id.bytes[6] >> 4 != 0) return std::nullopt;  // the version of a uuid, which is never 0
    event_label label;
    const auto* at = take(id.bytes.data(), label.append.round);
    at = take(at, label.append.writer);
    at = take(at, label.append.number);
    at = take(at, label.index);
    at = take(at, label.count);
    take(at, label.size_class);
    if (label.size_class >= size_class_count || label.index >= label.count || to_id(label) != id) return std::nullopt;
    return label;
}

stele::event_data make_labelled(const event_label& label) {
    const auto hash = hash_of(label);
    return {.id = to_id(label),
            .type = fmt::format("test.Kind{}", hash % 5),
            .payload = bytes_from(hash, payload_bytes(label.size_class)),
            .metadata = bytes_from(~hash, hash >> 32 & 15)};
}

std::vector<stele::event_data> make_labelled(const append_key& append, const std::vector<std::uint8_t>& size_classes) {
    std::vector<stele::event_data> events;
    for (const auto size_class : size_classes)
        events.push_back(make_labelled({append, static_cast<std::uint16_t>(events.size()),
                                        static_cast<std::uint16_t>(size_classes.size()), size_class}));
    return events;
}

namespace {

std::string place(const stele::recorded_event& event) {
    return fmt::format("event {} {}@{}", event.position.value, event.stream, event.version.value);
}

void check_bytes(const stele::recorded_event& event, const event_label& label) {
    const auto wanted = make_labelled(label);
    const auto check = [&](std::string_view what, bool equal) {
        if (!equal)
            throw broken(
                fmt::format("{} of {}: its {} is not as it was appended", place(event), to_string(label.append), what));
    };
    check("type", event.type == wanted.type);
    check("payload", event.payload == wanted.payload);
    check("metadata", event.metadata == wanted.metadata);
}

// Reads the whole store in order and finds violations.
class whole_reader {
public:
    explicit whole_reader(store_content& content) : content_(content) {}

    void operator()(const stele::recorded_event& event) {
        if (event.position <= content_.head)
            throw broken(fmt::format("{} was read after position {}", place(event), content_.head.value));
        while (++content_.head.value < event.position.value) content_.missing.push_back(content_.head);
        if (event.recorded_at < time_)
            throw broken(fmt::format("{} was recorded before the one before it", place(event)));
        time_ = event.recorded_at;
        versions_[std::string(event.stream)].push_back(event.version);
        if (event.position.value % 16 == 1) by_id_.emplace_back(event);
        const auto label = label_of(event.id);
        if (!label) {
            end_append();
            content_.others.emplace(event.position, event.stream);
            return;
        }
        check_bytes(event, *label);
        follow_append(event, *label);
    }

    void end_append() {
        if (next_ != expected_count_)
            throw broken(
                fmt::format("{} is there with {} of its {} events", to_string(current_), next_, expected_count_));
        next_ = expected_count_ = 0;
    }

    [[nodiscard]] const auto& versions() const { return versions_; }
    // Some events, to be found by their ids.
    [[nodiscard]] const std::vector<stele::owned_event>& by_id() const { return by_id_; }

private:
    void follow_append(const stele::recorded_event& event, const event_label& label) {
        if (label.index == 0) end_append();
        const bool follows = label.index == 0 || (label.append == current_ && event.position.value == last_.value + 1);
        if (label.index != next_ || !follows)
            throw broken(fmt::format("{} is number {} of {}, but number {} of {} was due", place(event), label.index,
                                     to_string(label.append), next_, to_string(current_)));
        current_ = label.append;
        expected_count_ = label.count;
        last_ = event.position;
        if (++next_ != expected_count_) return;
        const auto [entry, is_new] =
            content_.appends.try_emplace(current_, std::string(event.stream), event.version, event.position);
        if (!is_new) throw broken(fmt::format("{} is there twice", to_string(current_)));
    }

    store_content& content_;
    stele::timestamp time_{};
    std::map<std::string, std::vector<stele::version>> versions_;
    std::vector<stele::owned_event> by_id_;
    append_key current_;
    stele::position last_;
    std::uint16_t next_ = 0, expected_count_ = 0;
};

void check_stream(stele::event_store& store, const std::string& name, const std::vector<stele::version>& versions,
                  bool may_have_gaps) {
    const auto compare = [&](std::string_view how, stele::version found, stele::version wanted) {
        if (found != wanted)
            throw broken(
                fmt::format("stream {} {}: version {} where {} was due", name, how, found.value, wanted.value));
    };
    std::size_t index = 0;
    for (const auto& event : store.read_stream(stele::stream_id{name}).events()) {
        if (index == versions.size()) throw broken(fmt::format("stream {} has more events than the store", name));
        compare("read forward", event.version, versions[index]);
        if (index == 0 ? !may_have_gaps && event.version.value != 1
                       : !may_have_gaps && event.version.value != versions[index - 1].value + 1)
            throw broken(fmt::format("stream {} has a gap before version {}", name, event.version.value));
        if (const auto label = label_of(event.id)) check_bytes(event, *label);
        ++index;
    }
    if (index != versions.size()) throw broken(fmt::format("stream {} has fewer events than the store", name));
    compare("head", store.stream_version(stele::stream_id{name}), versions.back());
    for (const auto& event :
         store.read_stream(stele::stream_id{name}, {.direction = stele::direction::backward}).events()) {
        if (index == 0) throw broken(fmt::format("stream {} has more events backward", name));
        compare("read backward", event.version, versions[--index]);
    }
    if (index != 0) throw broken(fmt::format("stream {} has fewer events backward", name));
}

}  // namespace

store_content read_whole(stele::event_store& store) {
    store_content content;
    whole_reader reader{content};
    for (const auto& event : store.read_all().events()) reader(event);
    reader.end_append();
    const auto head = store.head();
    if (head < content.head)
        throw broken(fmt::format("the head is {}, but position {} was read", head.value, content.head.value));
    while (content.head < head) content.missing.push_back({++content.head.value});

    for (const auto& [name, versions] : reader.versions())
        check_stream(store, name, versions, !content.missing.empty());
    for (const auto& each : reader.by_id())
        if (const auto found = store.find_event(each.id); !found || found->position != each.position)
            throw broken(fmt::format("{} is not found by its id", place(each.view())));
    return content;
}
