#pragma once

#include <stele/codec/schema.hpp>

#include <google/protobuf/descriptor.h>

#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// Finds what makes stored messages unreadable between two schemas of one event type.
class schema_comparison {
public:
    /// Adds to `findings`, which must outlive this.
    schema_comparison(std::string_view type, std::uint32_t version, std::vector<schema_finding>& findings)
        : type_(type), version_(version), findings_(findings) {}

    /// Compares the messages, and what they hold, at any depth.
    void compare(const google::protobuf::Descriptor& was, const google::protobuf::Descriptor& is);

private:
    void compare(const google::protobuf::FieldDescriptor& was, const google::protobuf::Descriptor& is);
    void compare(const google::protobuf::FieldDescriptor& was, const google::protobuf::FieldDescriptor& is);
    void compare(const google::protobuf::EnumDescriptor& was, const google::protobuf::EnumDescriptor& is);
    void compare_oneof(const google::protobuf::FieldDescriptor& was, const google::protobuf::FieldDescriptor& is);
    void find_newly_required(const google::protobuf::Descriptor& was, const google::protobuf::Descriptor& is);
    template <class Element>  // a field, or a value of an enum
    void report(const Element& element, std::string was, std::string is);

    std::string_view type_;
    std::uint32_t version_;
    std::vector<schema_finding>& findings_;
    std::set<std::pair<const void*, const void*>> compared_;  // messages may hold themselves
};

}  // namespace stele::inline v0::detail
