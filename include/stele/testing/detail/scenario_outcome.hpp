#pragma once

#include <stele/aggregates/aggregate.hpp>

#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

/// The part of a scenario (testing.hpp) that does not depend on the aggregate.
namespace stele::inline v0::detail {

/// An aggregate's history in a test: what a stream in a store would be. `state` points to the aggregate.
class scenario_history {
public:
    scenario_history(std::string_view category, const event_table& events);

    /// Encodes the event, and decodes and folds what that gave. Returns the event as it came back.
    std::unique_ptr<const google::protobuf::Message> add(const google::protobuf::Message& event, void* state);

private:
    std::string stream_;
    event_decoder decoder_;
    std::uint64_t version_ = 0;
};

using message_list = std::vector<std::unique_ptr<const google::protobuf::Message>>;

/// Copies messages to where they can be compared without their types.
template <class... Messages>
message_list copy_messages(const Messages&... messages) {
    message_list copies;
    (copies.push_back(std::make_unique<Messages>(messages)), ...);
    return copies;
}

/// What a command led to, without the type of the aggregate.
class scenario_outcome {
public:
    scenario_outcome(const google::protobuf::Message& command, std::source_location where, any_decision decision,
                     message_list events);

    void expect_events(const message_list& expected) const;
    void expect_rejection(std::string_view code) const;

private:
    std::string title_;  // the place and the command
    any_decision decision_;
    message_list events_;  // as they came back from decoding
};

}  // namespace stele::inline v0::detail
