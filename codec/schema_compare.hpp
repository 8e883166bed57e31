#pragma once

#include <stele/codec/schema.hpp>

#include <google/protobuf/descriptor.h>

#include <set>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// Finds the changes between two schemas of one type that make stored messages unreadable.
class schema_comparison {
public:
    /// Adds to `findings`, which must outlive this.
    /// `where` says which recorded version is compared: all of a finding but what changed.
    schema_comparison(schema_finding where, std::vector<schema_finding>& findings)
        : where_(std::move(where)), findings_(findings) {}

    /// Compares the messages, and what they hold, at any depth.
    void compare(const google::protobuf::Descriptor& recorded, const google::protobuf::Descriptor& current);

private:
    void compare(const google::protobuf::FieldDescriptor& recorded, const google::protobuf::Descriptor& current);
    void compare(const google::protobuf::FieldDescriptor& recorded, const google::protobuf::FieldDescriptor& current);
    void compare(const google::protobuf::EnumDescriptor& recorded, const google::protobuf::EnumDescriptor& current);
    void compare_oneof(const google::protobuf::FieldDescriptor& recorded,
                       const google::protobuf::FieldDescriptor& current);
    void find_newly_required(const google::protobuf::Descriptor& recorded, const google::protobuf::Descriptor& current);
    template <class Element>  // a field, or a value of an enum
    void report(const Element& element, std::string recorded, std::string current);

    schema_finding where_;
    std::vector<schema_finding>& findings_;
    std::set<std::pair<const void*, const void*>> compared_;  // messages may hold themselves
};

}  // namespace stele::inline v0::detail
