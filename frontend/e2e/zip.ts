import { crc32 } from "node:zlib";

/** A zip of files that are not packed, by their names. */
export function zip(files: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const path = Buffer.from(name);
    const content = Buffer.from(text);
    const both = Buffer.alloc(26); // what stands before the file and in the list alike
    both.writeUInt16LE(20, 0);
    both.writeUInt32LE(crc32(content), 10);
    both.writeUInt32LE(content.length, 14);
    both.writeUInt32LE(content.length, 18);
    both.writeUInt16LE(path.length, 22);
    const listed = Buffer.alloc(14);
    listed.writeUInt32LE(at, 10);
    parts.push(Buffer.from("PK\x03\x04"), both, path, content);
    list.push(Buffer.from("PK\x01\x02\x14\x00"), both, listed, path);
    at += 30 + path.length + content.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(list.length / 4, 4);
  end.writeUInt16LE(list.length / 4, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, directory, Buffer.from("PK\x05\x06"), end]);
}
