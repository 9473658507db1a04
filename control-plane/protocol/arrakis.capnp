@0xb5d0c1f4a1e7d9a3;
# The interface of the control plane: what an application and an administrator may ask of arrakisd.
#
# Spoken over a unix socket (default /run/arrakis/arrakisd.sock). Who asks is what the kernel says
# (SO_PEERCRED), never what the message says. The daemon is met at set-up only: once an application
# holds its descriptors, no packet and no I/O request passes through here.
#
# The five abstractions of Arrakis (Peter et al., OSDI '14, section 3.4), with their names:
#   VIC             Vic, Vnic, Vsic: a virtual interface card, its queues and what bounds them
#   doorbell        Doorbell: a descriptor that becomes readable when a queue has events
#   filter          Filter: authority over a convex part of the header space, one direction
#   VSA             Vsa: a named, persistent storage area
#   rate specifier  Rate: what a queue may carry a second
# and one global name space (Names).
#
# A capability is the lease: what an application may do with a queue it can do because it holds the
# Queue. A dropped connection does not end a lease (the daemon may be restarting; the pidfd of the
# process decides): Session.token restores it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("arrakis::protocol");

const version :UInt16 = 1;   # raised when an old peer could misunderstand; fields are added freely

# ---------------------------------------------------------------------------------------------
# Answers

struct Error {
  code    @0 :Code;
  message @1 :Text;   # one line: what is wrong
  remedy  @2 :Text;   # one line: what mends it; may be empty

  enum Code {
    internal     @0;
    usage        @1;   # the request itself is malformed
    notFound     @2;
    denied       @3;   # policy says no
    conflict     @4;   # taken, in use, or overlapping
    unavailable  @5;   # this machine or provider cannot do it
    exhausted    @6;   # a limit of the policy or of the machine
    notYet       @7;   # named here, not built yet
  }
}

struct Outcome(T) {
  union {
    value @0 :T;
    error @1 :Error;
  }
}

struct Nothing {}

# ---------------------------------------------------------------------------------------------
# The daemon, as first met

interface Arrakisd {
  hello @0 (version :UInt16) -> (version :UInt16, release :Text, bootId :Text);

  attach @1 (app :Text) -> (outcome :Outcome(Session));
  # The calling process becomes the application `app`, if the policy says that its user may. It gets
  # every VIC assigned to that name. At most one process holds a name at a time.

  restore @2 (token :Data) -> (outcome :Outcome(Session));
  # The same session again, after the connection was lost. Only for the process that attached.

  admin @3 () -> (outcome :Outcome(Admin));

  look @4 (app :Text) -> (outcome :Outcome(Attached));
  # What goes on inside an attached application; empty: inside all of the caller's. For the user
  # whose process it is, and for root: packets are nobody else's.
}

interface Session {
  token @0 () -> (token :Data);              # 32 secret bytes
  vics  @1 () -> (vnics :List(Vnic), vsics :List(Vsic));
  watch @2 (watcher :Watcher) -> ();         # what happens to this session from now on

  createFilter @3 (spec :FilterSpec) -> (outcome :Outcome(Filter));
  # Authority must lie within what the policy gave the application. Not in force until assigned.

  acquireVsa @4 (name :Text) -> (outcome :Outcome(Vsa));
  lookup     @5 (name :Text) -> (outcome :Outcome(Name));

  end @6 () -> ();
  # The application gives everything back, as if its process had ended.

  show @7 (visible :Visible) -> ();
  # How the application can be looked into. One that never says so cannot.
}

interface Watcher {
  event @0 (event :Event) -> ();
  struct Event {
    vic @0 :Text;
    kind @1 :Kind;
    enum Kind { linkDown @0; linkUp @1; revoked @2; rateChanged @3; filtersChanged @4; }
  }
}

interface Descriptor {}
# A kernel object. Its file descriptor travels with the capability (SCM_RIGHTS); no methods.

# ---------------------------------------------------------------------------------------------
# VIC

interface Vic {
  name @0 () -> (name :Text);                # "vf0"; unique on this machine
}

interface Vnic extends(Vic) {
  describe @0 () -> (vnic :VnicInfo);
  queues   @1 () -> (outcome :Outcome(List(Queue)));
}

interface Queue {
  open     @0 () -> (outcome :Outcome(QueueGrant));   # the rings; once a session
  doorbell @1 () -> (outcome :Outcome(Doorbell));
  setRate  @2 (rate :Rate) -> (outcome :Outcome(Nothing));   # at or below the policy's own
  assign   @3 (filter :Filter) -> (outcome :Outcome(Nothing));
}

interface Doorbell {}   # a Descriptor: readable when the queue has packets or completions

interface Vsic extends(Vic) {}   # storage: not yet

struct VnicInfo {
  name      @0 :Text;
  provider  @1 :Text;          # "xdp", "wire", "sriov"
  mac       @2 :Data;          # 6 bytes
  mtu       @3 :UInt16;        # bytes of IP packet
  addresses @4 :List(Text);    # prefixes, "10.20.0.2/32", "fd00::2/128"
  gateways  @5 :List(Text);    # next hop of the default route, at most one a family; on link
  neighbors @6 :List(Neighbor);
  queues    @7 :UInt16;
  rate      @8 :Rate;
  filters   @9 :List(FilterSpec);
  struct Neighbor { address @0 :Text; mac @1 :Data; }   # known beforehand; need no ARP or NDP
}

struct QueueGrant {
  union {
    xdp  @0 :XdpQueue;
    wire @1 :WireQueue;
    sriov @2 :SriovQueue;
  }
}

struct XdpQueue {
  # An AF_XDP socket, bound and in its XSKMAP; the holder maps the rings at XDP_PGOFF_* itself.
  socket          @0 :Descriptor;
  umem            @1 :Descriptor;   # memfd of frameCount * frameBytes, zeroed
  frameBytes      @2 :UInt32;       # power of two
  frameCount      @3 :UInt32;
  headroomBytes   @4 :UInt32;       # before received data, beside the kernel's own 256
  fillSize        @5 :UInt32;       # entries of each ring
  completionSize  @6 :UInt32;
  receiveSize     @7 :UInt32;
  transmitSize    @8 :UInt32;
}

struct WireQueue {
  # One end of a memif (shared-memory) link between two applications.
  role         @0 :Role;
  socketName   @1 :Text;        # abstract unix socket, without its leading NUL
  secret       @2 :Text;        # 23 characters; memif's own
  ringLog2     @3 :UInt8;
  bufferBytes  @4 :UInt16;
  doorbellPage @5 :Descriptor;  # memfd of one page that both ends share: netdev/wire_doorbell.h
  bell         @6 :Descriptor;  # this end of a datagram socket pair
  enum Role { server @0; client @1; }
}

struct SriovQueue {
  # A queue pair of a virtual function that only this process's user may open: /dev/vfio/GROUP is
  # its own, and its limit of locked memory allows for the packets. Nothing is opened on its behalf:
  # a VFIO group is opened once at a time, by whoever drives it.
  function    @0 :Text;     # PCI address, "0000:01:10.0"
  index       @1 :UInt16;   # of the pair
  lockedBytes @2 :UInt64;   # what the process may lock altogether
}

# ---------------------------------------------------------------------------------------------
# Filters and rates

interface Filter {
  describe @0 () -> (spec :FilterSpec);
}

struct FilterSpec {
  # Wildcards: an empty peer is any peer, ports 0 to 65535 are any port. Filters of one direction
  # must not overlap on a VIC (layer ip overlaps udp and tcp): no priorities, as in the paper.
  direction @0 :Direction;
  layer     @1 :Layer;
  peer      @2 :Text;              # prefix, or empty
  ports     @3 :PortRange;         # of this side: targets when receiving, sources when sending
  peerPorts @4 :PortRange;
  enum Direction { receive @0; transmit @1; }
  enum Layer     { ip @0; udp @1; tcp @2; }
  struct PortRange { first @0 :UInt16 = 0; last @1 :UInt16 = 65535; }
}

struct Rate {
  bitsPerSecond @0 :UInt64;   # of frames without preamble and FCS; 0: not limited
  requestsPerSecond @1 :UInt64;   # storage
}

# ---------------------------------------------------------------------------------------------
# Storage and names: the shapes are fixed, the answers are "not yet"

interface Vsa {
  describe @0 () -> (name :Text, bytes :UInt64);
  resize   @1 (bytes :UInt64) -> (outcome :Outcome(Nothing));
}

struct Name { path @0 :Text; owner @1 :Text; endpoint @2 :Text; }

# ---------------------------------------------------------------------------------------------
# Looking into an application: arrakisctl ss, stats, capture
#
# arrakisd makes the memory, sealed in its size, and hands it to both sides: to the application,
# whose polling threads write into it, and to who looks. It maps none of it. What is in there:
# protocol/sight.h, protocol/capture_ring.h. Every answer has a time by which it is due; one that
# is late is an error that names the application.

struct Attached {
  apps @0 :List(AttachedApp);
}

struct AttachedApp {
  name   @0 :Text;
  pid    @1 :Int32;
  queues @2 :List(QueueName);
  sight  @3 :Sight;
  struct QueueName { vnic @0 :Text; queue @1 :UInt16; }
}

interface Sight {   # of arrakisd, for who looks
  snapshot @0 () -> (outcome :Outcome(SnapshotView));
  capture  @1 (vnic :Text, queue :UInt16, snapBytes :UInt32) -> (outcome :Outcome(CaptureView));
  struct SnapshotView { memory @0 :Descriptor; snapshot @1 :Snapshot; }
  struct CaptureView  { memory @0 :Descriptor; capture  @1 :Capture; }
}

interface Visible {   # of the application, for arrakisd
  snapshot @0 (memory :Descriptor) -> (outcome :Outcome(Snapshot));
  capture  @1 (memory :Descriptor, vnic :Text, queue :UInt16, snapBytes :UInt32)
           -> (outcome :Outcome(Capture));
}

interface Snapshot {
  take @0 (vnic :Text, queue :UInt16, what :What, cursor :UInt64) -> (outcome :Outcome(Nothing));
  # Writes one page; the cursor of the first is 0, of others what the page before it says.
  enum What { sockets @0; counters @1; }
}

interface Capture {   # frames are captured for as long as it is held
  ended @0 () -> ();  # answered when the application is gone
}

# ---------------------------------------------------------------------------------------------
# Administration: arrakisctl

interface Admin {
  assign  @0 (request :AssignRequest, dryRun :Bool) -> (outcome :Outcome(VfRecord));
  release @1 (vf :Text, dryRun :Bool) -> (outcome :Outcome(VfRecord));  # by name, or by application
  listVfs @2 () -> (vfs :List(VfRecord));
  listApps @3 () -> (apps :List(AppRecord));
  setRate @4 (vf :Text, rate :Rate, dryRun :Bool) -> (outcome :Outcome(VfRecord));
  addFilter @5 (vf :Text, filter :FilterSpec, dryRun :Bool) -> (outcome :Outcome(VfRecord));
  status  @6 () -> (status :Status);
  doctor  @7 () -> (findings :List(Finding));
}

struct AssignRequest {
  # What is empty or 0 is chosen by the policy.
  app       @0 :Text;
  provider  @1 :Text;
  addresses @2 :List(Text);
  rate      @3 :Rate;
  filters   @4 :List(FilterSpec);
  device    @5 :Text;        # xdp: an existing netdev whose queue is shared with the kernel;
                             # sriov: the physical function, by PCI address or netdev
  wire      @6 :Text;        # wire: name of the link; the two applications that name it meet
  mac       @7 :Data;
  mtu       @8 :UInt16;
  queues    @9 :UInt16;
  force     @10 :Bool;       # sriov: though the card carries the machine's own traffic
}

struct VfRecord {
  vnic  @0 :VnicInfo;
  app   @1 :Text;
  state @2 :State;
  pid   @3 :Int32;           # 0: nobody is attached
  device @4 :Text;           # netdev that the kernel sees, the wire's name, or a PCI address
  counters @5 :Counters;
  enforced @6 :List(Text);   # what stands outside the application's reach: "tx filter", "rate", ...
  readBack @7 :List(Text);   # what the machine says of it now: "rate 100M", "vlan 5", ...
  enum State { assigned @0; attached @1; quarantined @2; }
}

struct Counters {
  receivedPackets    @0 :UInt64;
  receivedBytes      @1 :UInt64;
  transmittedPackets @2 :UInt64;
  transmittedBytes   @3 :UInt64;
  filteredReceive    @4 :UInt64;   # dropped: no receive filter covers it
  forgedMac          @5 :UInt64;   # dropped on transmit
  forgedAddress      @6 :UInt64;
  filteredTransmit   @7 :UInt64;   # dropped on transmit: no filter covers ports or peer
  overRate           @8 :UInt64;   # dropped on transmit: rate specifier
  ringFull           @9 :UInt64;   # dropped on receive: the application did not keep up
  dmaFaults         @10 :UInt64;   # stopped by the IOMMU: DMA to memory of others
}

struct AppRecord {
  name @0 :Text;
  users @1 :List(Text);
  vfs  @2 :List(Text);
  pid  @3 :Int32;
}

struct Status {
  release @0 :Text;
  pid @1 :Int32;
  startedAt @2 :Int64;     # seconds since the epoch
  policyFile @3 :Text;
  providers @4 :List(Text);
  vfs @5 :UInt32;
  attached @6 :UInt32;
}

struct Finding {
  verdict @0 :Verdict;
  subject @1 :Text;        # "kernel", "AF_XDP", "hugepages"
  message @2 :Text;
  remedy  @3 :Text;        # the line that mends it
  enum Verdict { pass @0; warn @1; fail @2; skip @3; }
}
