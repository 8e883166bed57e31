#pragma once

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace testing {

/// A .proto file of the package "shop", as another version of a program may have it.
class proto_file {
public:
    explicit proto_file(const std::string& body, const std::string& syntax = "proto3") {
        const temp_dir directory;
        std::ofstream(directory / "shop.proto") << "syntax = \"" << syntax << "\"; package shop; " << body;
        const auto out = directory / "shop.bin";
        const auto command =
            "\"" STELE_PROTOC "\" -I\"" + directory.path.string() + "\" -o\"" + out.string() + "\" shop.proto";
        REQUIRE(std::system(command.c_str()) == 0);
        std::ifstream in(out, std::ios::binary);
        google::protobuf::FileDescriptorSet files;
        REQUIRE(files.ParseFromIstream(&in));
        file_ = pool_.BuildFile(files.file(0));
        REQUIRE(file_ != nullptr);
    }
    [[nodiscard]] const google::protobuf::Descriptor* find(const std::string& name) const {
        return file_->FindMessageTypeByName(name);
    }

private:
    google::protobuf::DescriptorPool pool_;
    const google::protobuf::FileDescriptor* file_ = nullptr;
};

}  // namespace testing
